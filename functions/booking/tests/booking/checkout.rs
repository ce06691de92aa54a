//! From the quote to the documents: what a buyer may put together, and what stays the same when they ask twice.

use rastup_testkit::{assert_outbox_matches_schemas, system, user};
use rastup_types::{Cents, TimeRange, pricing::ProfileRole};
use serde_json::{Value, json};

use crate::support::{LATER, Market, SOON, buyer, code};

fn cents(value: &Value, field: &str) -> i64 {
    value[field].as_i64().unwrap()
}

#[tokio::test]
async fn the_order_costs_what_the_quote_said_and_its_parts_add_up() {
    let market = Market::open().await;
    let mut args = market.start_args(SOON);
    args["studioId"] = json!(market.studio_id);
    let quote = market.quote(&buyer(), args).await.unwrap();

    let lbg_id = market.start(&buyer(), SOON).await;
    let order = market.attach(&buyer(), lbg_id).await.unwrap()["order"].clone();

    assert_eq!(order["totalCents"], quote["totalCents"]);
    for (quoted, leg) in quote["legs"].as_array().unwrap().iter().zip(order["legs"].as_array().unwrap()) {
        for field in
            ["type", "title", "subtotalCents", "serviceTaxCents", "platformFeeCents", "totalCents", "lines"]
        {
            assert_eq!(quoted[field], leg[field], "{field}");
        }
        let parts = ["subtotalCents", "serviceTaxCents", "platformFeeCents", "platformFeeTaxCents"];
        assert_eq!(parts.iter().map(|part| cents(leg, part)).sum::<i64>(), cents(leg, "totalCents"));
        let lines = leg["lines"].as_array().unwrap();
        let sum: i64 = lines.iter().map(|line| cents(line, "amountCents")).sum();
        assert_eq!(sum, cents(leg, "subtotalCents"));
    }
    // 450.00 and two pictures at 15.00; two hours at 80.00.
    assert_eq!(cents(&order["legs"][0], "subtotalCents"), 48_000);
    assert_eq!(cents(&order["legs"][1], "subtotalCents"), 16_000);
    assert_eq!(cents(&quote, "depositAuthCents"), 30_000);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_quote_creates_nothing_and_needs_no_account() {
    let market = Market::open().await;
    let anonymous = rastup_store::Caller { actor: rastup_types::Actor::Anonymous, corr_id: "t".into() };
    market.quote(&anonymous, market.start_args(SOON)).await.unwrap();
    assert_eq!(market.count("lbg.create").await, 0);
    let page = market.query(&buyer(), "myOrders", json!({})).await.unwrap();
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn the_same_request_twice_is_one_order() {
    let market = Market::open().await;
    let mut args = market.start_args(SOON);
    args["clientRequestId"] = json!("first");
    let one = market.call(&buyer(), "startCheckout", args.clone()).await.unwrap();
    let again = market.call(&buyer(), "startCheckout", args.clone()).await.unwrap();
    assert_eq!(one["draftId"], again["draftId"]);
    assert_eq!(market.count("lbg.create").await, 1);

    args["when"] = json!({ "start": LATER.0, "end": LATER.1 });
    assert_eq!(code(market.call(&buyer(), "startCheckout", args).await), "IDEMPOTENCY_CONFLICT");
}

#[tokio::test]
async fn the_same_request_at_the_same_time_is_one_order() {
    let market = Market::open().await;
    let mut args = market.start_args(SOON);
    args["clientRequestId"] = json!("first");
    let caller = buyer();
    let (one, two) = tokio::join!(
        market.call(&caller, "startCheckout", args.clone()),
        market.call(&caller, "startCheckout", args.clone()),
    );
    assert_eq!(one.unwrap()["draftId"], two.unwrap()["draftId"]);
    assert_eq!(market.count("lbg.create").await, 1);
}

#[tokio::test]
async fn what_is_out_of_range_is_refused_and_nothing_is_written() {
    let market = Market::open().await;
    let with = |path: &[&str], value: Value| {
        let mut args = market.start_args(SOON);
        let mut place = &mut args;
        for key in path {
            place = &mut place[*key];
        }
        *place = value;
        args
    };
    let unknown = "srv_000000000000000000000000000000aa";
    for (args, expected) in [
        (with(&["when", "start"], json!("2026-06-01T12:00:00Z")), "INPUT_INVALID"),
        (with(&["when", "end"], json!("2026-06-04T15:00:01Z")), "INPUT_INVALID"),
        (with(&["when", "end"], json!("2026-06-03T16:59:59Z")), "INPUT_INVALID"),
        (with(&["when", "end"], json!("2026-06-03T14:00:00Z")), "INPUT_INVALID"),
        (with(&["when", "start"], json!("soon")), "INPUT_INVALID"),
        (with(&["city"], json!("atlantis")), "INPUT_INVALID"),
        (with(&["city"], json!("Houston'; drop table booking.lbg; --")), "INPUT_INVALID"),
        (with(&["leg", "serviceProfileId"], json!("nonsense")), "INPUT_INVALID"),
        (with(&["leg", "serviceProfileId"], json!(unknown)), "SP_NOT_FOUND"),
        (with(&["leg", "packageId"], json!("pkg_000000000000000000000000000000aa")), "SP_NOT_FOUND"),
        (with(&["leg", "addOns"], json!([{ "key": "retouch", "quantity": 0 }])), "INPUT_INVALID"),
        (with(&["leg", "addOns"], json!([{ "key": "retouch", "quantity": 11 }])), "INPUT_INVALID"),
        (with(&["leg", "addOns"], json!([{ "key": "unknown", "quantity": 1 }])), "INPUT_INVALID"),
        (with(&["leg", "locationAddress"], json!("a".repeat(201))), "INPUT_INVALID"),
        (with(&["leg", "locationAddress"], json!("two\nlines")), "INPUT_INVALID"),
        (with(&["leg", "usageScope"], json!("a".repeat(201))), "INPUT_INVALID"),
        (with(&["clientRequestId"], json!("a".repeat(129))), "INPUT_INVALID"),
        (json!({}), "INPUT_INVALID"),
    ] {
        assert_eq!(code(market.call(&buyer(), "startCheckout", args.clone()).await), expected, "{args}");
    }
    assert_eq!(market.events().await.len(), 0);
}

#[tokio::test]
async fn the_same_studio_twice_is_one_leg_and_another_is_refused() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.attach(&buyer(), lbg_id).await.unwrap();
    let again = market.attach(&buyer(), lbg_id).await.unwrap();
    assert_eq!(again["order"]["legs"].as_array().unwrap().len(), 2);
    assert_eq!(market.count("leg.create").await, 2);

    let mut unit = market.store().unit(&system()).await.unwrap();
    let other =
        studios::fixtures::studio(&mut unit, crate::support::owner(), Cents(5_000), Cents(0)).await.unwrap();
    unit.commit().await.unwrap();
    let args = json!({ "draftId": lbg_id, "studioId": other });
    assert_eq!(code(market.call(&buyer(), "attachStudioInFlow", args).await), "WRONG_STATE");
}

#[tokio::test]
async fn a_studio_that_is_closed_taken_or_unknown_is_not_attached() {
    let market = Market::open().await;
    let taken = market.ready_to_pay(&buyer(), SOON).await;
    market.intent(&buyer(), taken, "CARD").await.unwrap();
    let lbg_id = market.start(&crate::support::rival(), SOON).await;
    assert_eq!(code(market.attach(&crate::support::rival(), lbg_id).await), "CHK_STUDIO_CONFLICT");

    let mut unit = market.store().unit(&system()).await.unwrap();
    let range = TimeRange::new(LATER.0.parse().unwrap(), LATER.1.parse().unwrap()).unwrap();
    studios::fixtures::blackout(&mut unit, market.studio_id, range).await.unwrap();
    unit.commit().await.unwrap();
    let closed = market.start(&buyer(), LATER).await;
    assert_eq!(code(market.attach(&buyer(), closed).await), "STUDIO_BLACKOUT");
    let args = json!({ "draftId": closed, "studioId": "std_000000000000000000000000000000aa" });
    assert_eq!(code(market.call(&buyer(), "attachStudioInFlow", args).await), "NOT_FOUND");
    assert_eq!(market.leg_statuses(closed).await, ["DRAFT"]);
}

#[tokio::test]
async fn packs_are_issued_once_per_leg_and_signing_them_opens_the_payment() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.attach(&buyer(), lbg_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "DRAFT");

    let packs = market.call(&buyer(), "createDocPack", json!({ "draftId": lbg_id })).await.unwrap();
    let again = market.call(&buyer(), "createDocPack", json!({ "draftId": lbg_id })).await.unwrap();
    assert_eq!(packs, again);
    assert_eq!(packs["packs"].as_array().unwrap().len(), 2);
    assert_eq!(market.leg_statuses(lbg_id).await, ["AWAITING_DOCS", "AWAITING_DOCS"]);

    market.sign_pack(packs["packs"][0]["packId"].as_str().unwrap()).await;
    assert_eq!(market.status(lbg_id).await, "AWAITING_DOCS");
    assert_eq!(market.count("lbg.awaiting_payment").await, 0);
    market.sign_pack(packs["packs"][1]["packId"].as_str().unwrap()).await;
    // Heard twice, it changes nothing more.
    market.sign_pack(packs["packs"][1]["packId"].as_str().unwrap()).await;
    assert_eq!(market.status(lbg_id).await, "AWAITING_PAYMENT");
    assert_eq!(market.count("lbg.awaiting_payment").await, 1);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_studio_added_late_supersedes_what_was_signed() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.sign(&buyer(), lbg_id).await;
    let before = market.order(lbg_id).await["legs"][0]["docPackId"].clone();
    market.attach(&buyer(), lbg_id).await.unwrap();

    assert_eq!(market.count("doc.pack.superseded").await, 1);
    assert_eq!(market.leg_statuses(lbg_id).await, ["AWAITING_DOCS", "DRAFT"]);
    // News of the pack that does not bind any more changes nothing.
    let leg_id = market.order(lbg_id).await["legs"][0]["legId"].clone();
    let stale = json!({ "leg_id": leg_id, "pack_id": before });
    market.hear("doc.pack.signed", stale.clone()).await.unwrap();
    market.hear("doc.pack.superseded", stale).await.unwrap();
    assert_eq!(market.leg_statuses(lbg_id).await, ["AWAITING_DOCS", "DRAFT"]);

    market.sign(&buyer(), lbg_id).await;
    assert_eq!(market.status(lbg_id).await, "AWAITING_PAYMENT");
    assert_ne!(market.order(lbg_id).await["legs"][0]["docPackId"], before);
}

#[tokio::test]
async fn a_declined_pack_leads_back_to_the_documents() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.sign(&buyer(), lbg_id).await;
    let leg = market.order(lbg_id).await["legs"][0].clone();
    let ids = json!({ "leg_id": leg["legId"], "pack_id": leg["docPackId"] });
    market.hear("doc.pack.voided", ids).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "AWAITING_DOCS");
    assert_eq!(market.order(lbg_id).await["legs"][0]["docPackId"], Value::Null);
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "CHK_DOCS_REQUIRED");
}

#[tokio::test]
async fn a_contract_that_lacks_a_fact_names_it_and_nothing_is_issued() {
    let mut market = Market::open().await;
    let mut unit = market.store().unit(&system()).await.unwrap();
    // A model whose date of birth nobody knows; the account that is there first stays.
    profiles::fixtures::account(&mut unit, user(21), "Mo Model", None).await.unwrap();
    market.seller =
        profiles::fixtures::seller(&mut unit, user(21), ProfileRole::Model, Cents(20_000)).await.unwrap();
    unit.commit().await.unwrap();
    let lbg_id = market.start(&buyer(), SOON).await;
    let refused = market.call(&buyer(), "createDocPack", json!({ "draftId": lbg_id })).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code, "DOC_VARS_MISSING");
    assert_eq!(error.details.unwrap()["missing"], json!(["model_dob"]));
    assert_eq!(market.leg_statuses(lbg_id).await, ["DRAFT"]);
    assert_eq!(market.count("doc.pack.create").await, 0);
}

#[tokio::test]
async fn my_orders_come_newest_first_page_by_page() {
    let market = Market::open().await;
    let mut mine = Vec::new();
    for _ in 0..3 {
        mine.push(market.start(&buyer(), SOON).await.to_string());
    }
    market.start(&crate::support::rival(), SOON).await;
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|o| o["lbgId"].as_str().unwrap().to_owned()).collect()
    };
    let first = market.query(&buyer(), "myOrders", json!({ "limit": 2 })).await.unwrap();
    assert_eq!(ids(&first), [mine[2].clone(), mine[1].clone()]);
    let rest = json!({ "limit": 2, "nextToken": first["nextToken"] });
    let second = market.query(&buyer(), "myOrders", rest).await.unwrap();
    assert_eq!(ids(&second), [mine[0].clone()]);
    assert_eq!(second["nextToken"], Value::Null);
    for bad in [json!({ "limit": 0 }), json!({ "limit": 51 }), json!({ "nextToken": "x'" })] {
        assert_eq!(code(market.query(&buyer(), "myOrders", bad).await), "INPUT_INVALID");
    }
}

#[tokio::test]
async fn a_studio_is_attached_for_one_crew_and_refuses_one_that_is_too_large() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    let attach = |crew: i32| json!({ "draftId": lbg_id, "studioId": market.studio_id, "crewSize": crew });
    let refused = market.call(&buyer(), "attachStudioInFlow", attach(11)).await;
    assert_eq!(code(refused), "INPUT_INVALID", "the fixture's studio holds ten");
    market.call(&buyer(), "attachStudioInFlow", attach(4)).await.unwrap();
    let again = market.call(&buyer(), "attachStudioInFlow", attach(4)).await.unwrap();
    assert_eq!(again["order"]["legs"].as_array().unwrap().len(), 2);
    assert_eq!(code(market.call(&buyer(), "attachStudioInFlow", attach(6)).await), "WRONG_STATE");
}

#[tokio::test]
async fn the_order_is_in_the_city_where_the_talent_works_and_as_long_as_the_package() {
    let market = Market::open().await;
    let mut elsewhere = market.start_args(SOON);
    elsewhere["city"] = json!("los_angeles");
    assert_eq!(code(market.quote(&buyer(), elsewhere.clone()).await), "INPUT_INVALID");
    assert_eq!(code(market.call(&buyer(), "startCheckout", elsewhere).await), "INPUT_INVALID");
    let mut longer = market.start_args(SOON);
    let end: chrono::DateTime<chrono::Utc> = longer["when"]["end"].as_str().unwrap().parse().unwrap();
    longer["when"]["end"] = json!(end + chrono::Duration::hours(1));
    assert_eq!(code(market.call(&buyer(), "startCheckout", longer).await), "INPUT_INVALID");
}
