//! Modes of booking (`booking_requests_resolver`, `request_expiry_job`), as §1.3.16 plans them: instant book, request to
//! book, counter-offer; with the races between them.

use booking::api::{
    jobs,
    requests::{Modes, requests},
};
use chrono::Duration;
use rastup_providers::tax::RateTable;
use rastup_runtime::resolver::Call;
use rastup_store::Caller;
use rastup_testkit::{assert_outbox_matches_schemas, caller, outbox_events, system, user};
use rastup_types::{ApiError, LbgId, Role};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::{LATER, Market, OWNER, SELLER, SOON, STRANGER, buyer, code, rival};

/// Three hours after LATER.
const MOVED: (&str, &str) = ("2026-06-20T18:00:00Z", "2026-06-20T20:00:00Z");

fn talent() -> Caller {
    caller(user(SELLER), &[Role::Seller])
}

fn host() -> Caller {
    caller(user(OWNER), &[Role::StudioOwner])
}

async fn ask(
    market: &Market,
    who: &Caller,
    parent: &str,
    field: &str,
    args: Value,
) -> Result<Value, ApiError> {
    let deps = Modes { store: market.store().clone(), tax: Arc::new(RateTable) };
    requests(deps, Call::new(parent, field, who.clone(), args)).await
}

async fn mutate(market: &Market, who: &Caller, field: &str, args: Value) -> Result<Value, ApiError> {
    ask(market, who, "Mutation", field, args).await
}

fn input(market: &Market, mode: &str, when: (&str, &str)) -> Value {
    json!({
        "mode": mode, "serviceProfileId": market.seller.service_profile_id, "packageId": market.seller.package_id,
        "extras": [{ "key": "retouch", "quantity": 2 }], "when": { "start": when.0, "end": when.1 },
        "city": "houston", "locationKind": "BUYER", "locationAddress": "Hermann Park, Houston",
    })
}

async fn start(market: &Market, who: &Caller, input: Value) -> LbgId {
    let draft = mutate(market, who, "startOrder", json!({ "input": input })).await.unwrap();
    draft["draftId"].as_str().unwrap().parse().unwrap()
}

/// A draft in a mode whose only seller was asked.
async fn asked(market: &Market, who: &Caller, when: (&str, &str)) -> (LbgId, String) {
    let lbg_id = start(market, who, input(market, "RTB", when)).await;
    let sent =
        mutate(market, who, "sendRequest", json!({ "lbgId": lbg_id, "message": "Please" })).await.unwrap();
    (lbg_id, sent[0]["requestId"].as_str().unwrap().to_owned())
}

async fn with_studio(market: &Market, mode: &str, when: (&str, &str)) -> LbgId {
    let mut input = input(market, mode, when);
    input["locationKind"] = json!("RENTED_STUDIO");
    input["studioId"] = json!(market.studio_id);
    start(market, &buyer(), input).await
}

async fn packs(market: &Market, who: &Caller, lbg_id: LbgId) -> Result<Value, ApiError> {
    market.call(who, "createDocPack", json!({ "draftId": lbg_id })).await
}

/// Signs, pays and confirms an agreed order.
async fn finish(market: &Market, who: &Caller, lbg_id: LbgId) {
    market.sign(who, lbg_id).await;
    let charge_id = market.pay(who, lbg_id).await;
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
}

async fn allow(market: &Market, rules: Value) {
    let args = json!({ "serviceProfileId": market.seller.service_profile_id, "rules": rules });
    mutate(market, &talent(), "setAutoAcceptRules", args).await.unwrap();
}

async fn status(market: &Market, request_id: &str) -> String {
    let page = ask(market, &talent(), "Query", "myRequests", json!({ "as": "SELLER" })).await.unwrap();
    let found =
        page["items"].as_array().unwrap().iter().find(|item| item["requestId"] == request_id).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ib_happy_path_the_rules_allow_and_the_order_is_confirmed() {
    let market = Market::open().await;
    allow(&market, json!({ "allowIb": true, "minPriceCents": 40_000 })).await;
    let lbg_id = start(&market, &buyer(), input(&market, "IB", LATER)).await;
    assert_eq!(code(packs(&market, &buyer(), lbg_id).await), "WRONG_STATE");
    let booked = mutate(&market, &buyer(), "confirmInstantBook", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!((&booked["agreed"], booked["requests"].as_array().unwrap().len()), (&json!(true), 0));
    assert_eq!(market.blocks().await.len(), 1);
    let again = mutate(&market, &buyer(), "confirmInstantBook", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!(again["agreed"], true);
    finish(&market, &buyer(), lbg_id).await;
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn ib_falls_back_to_a_request_when_the_rules_do_not_allow_it() {
    let market = Market::open().await;
    // LATER is a Saturday.
    allow(
        &market,
        json!({ "allowIb": true, "weekdayMask": 31, "minPriceCents": 90_000, "maxDistanceMi": 10 }),
    )
    .await;
    let lbg_id = start(&market, &buyer(), input(&market, "IB", LATER)).await;
    let booked = mutate(&market, &buyer(), "confirmInstantBook", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!(booked["agreed"], false);
    assert_eq!(booked["reasons"][0]["reasons"], json!(["WEEKDAY", "PRICE", "DISTANCE"]));
    assert_eq!(market.blocks().await, []);
    let again = mutate(&market, &buyer(), "confirmInstantBook", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!(again["requests"][0]["requestId"], booked["requests"][0]["requestId"]);
    mutate(&market, &talent(), "acceptRequest", json!({ "requestId": booked["requests"][0]["requestId"] }))
        .await
        .unwrap();
    finish(&market, &buyer(), lbg_id).await;
}

#[tokio::test]
async fn ib_of_a_time_that_was_just_sold_is_refused_with_free_times() {
    let market = Market::open().await;
    allow(&market, json!({ "allowIb": true })).await;
    let first = start(&market, &buyer(), input(&market, "IB", LATER)).await;
    let second = start(&market, &rival(), input(&market, "IB", LATER)).await;
    let (theirs, ours) = (rival(), buyer());
    let (a, b) = tokio::join!(
        mutate(&market, &ours, "confirmInstantBook", json!({ "lbgId": first })),
        mutate(&market, &theirs, "confirmInstantBook", json!({ "lbgId": second })),
    );
    let refused: Vec<ApiError> = [a, b].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code, "CHK_ATOMIC_FAIL");
    let times = refused[0].details.as_ref().unwrap()["alternatives"].as_array().unwrap().clone();
    assert_eq!(times[0]["startAt"], "2026-06-20T17:00:00.000Z");
    assert_eq!(market.blocks().await.len(), 1);
}

#[tokio::test]
async fn rtb_a_request_is_accepted_and_the_order_is_confirmed() {
    let market = Market::open().await;
    let (lbg_id, request_id) = asked(&market, &buyer(), LATER).await;
    assert_eq!(code(packs(&market, &buyer(), lbg_id).await), "WRONG_STATE");
    assert_eq!(market.blocks().await, []);
    let again = mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!(again[0]["requestId"], request_id.as_str());
    let args = json!({ "requestId": request_id });
    assert_eq!(code(mutate(&market, &buyer(), "acceptRequest", args.clone()).await), "WRONG_STATE");
    let stranger = caller(user(STRANGER), &[Role::Seller]);
    for field in ["acceptRequest", "declineRequest", "withdrawRequest"] {
        assert_eq!(code(mutate(&market, &stranger, field, args.clone()).await), "NOT_FOUND");
    }
    let accepted = mutate(&market, &talent(), "acceptRequest", args.clone()).await.unwrap();
    assert_eq!(accepted["status"], "ACCEPTED");
    assert_eq!(mutate(&market, &talent(), "acceptRequest", args).await.unwrap()["status"], "ACCEPTED");
    assert_eq!(market.count("booking.request.accepted").await, 1);
    finish(&market, &buyer(), lbg_id).await;
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn rtb_a_request_that_nobody_answers_expires_and_other_times_are_suggested() {
    let market = Market::open().await;
    let (lbg_id, request_id) = asked(&market, &buyer(), LATER).await;
    market.world.clock.advance(Duration::hours(48));
    assert_eq!(
        code(mutate(&market, &talent(), "acceptRequest", json!({ "requestId": request_id })).await),
        "WRONG_STATE"
    );
    let swept = jobs::expire_requests(market.store().clone(), system()).await.unwrap();
    assert_eq!(swept, json!({ "expired": 1, "left": 0, "invitesClosed": 0 }));
    assert_eq!(jobs::expire_requests(market.store().clone(), system()).await.unwrap()["expired"], 0);
    let mine = ask(&market, &buyer(), "Query", "myRequests", json!({ "as": "BUYER" })).await.unwrap();
    assert_eq!(mine["items"][0]["status"], "EXPIRED");
    assert_eq!(mine["items"][0]["alternatives"].as_array().unwrap().len(), 3);
    // The buyer may ask again.
    let sent = mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_ne!(sent[0]["requestId"], request_id.as_str());
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_host_has_a_day_and_when_it_passes_the_talents_agreement_ends_too() {
    let market = Market::open().await;
    let lbg_id = with_studio(&market, "RTB", LATER).await;
    let sent = mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": lbg_id })).await.unwrap();
    assert_eq!(sent.as_array().unwrap().len(), 2);
    let to = |kind: &str| sent.as_array().unwrap().iter().find(|r| r["legType"] == kind).unwrap().clone();
    assert_eq!(to("STUDIO")["expiresAt"], "2026-06-02T12:00:00.000Z");
    assert_eq!(to("TALENT")["expiresAt"], "2026-06-03T12:00:00.000Z");
    mutate(&market, &talent(), "acceptRequest", json!({ "requestId": to("TALENT")["requestId"] }))
        .await
        .unwrap();
    assert_eq!(market.blocks().await.len(), 1);
    assert_eq!(code(packs(&market, &buyer(), lbg_id).await), "WRONG_STATE");
    market.world.clock.advance(Duration::hours(24));
    jobs::expire_requests(market.store().clone(), system()).await.unwrap();
    assert_eq!(market.blocks().await, []);
    assert_eq!(market.count("studio.request.auto_expire").await, 1);
    // Asked again, both agree, and the order goes on.
    let again = mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": lbg_id })).await.unwrap();
    for (who, kind) in [(talent(), "TALENT"), (host(), "STUDIO")] {
        let request = again.as_array().unwrap().iter().find(|r| r["legType"] == kind).unwrap();
        mutate(&market, &who, "acceptRequest", json!({ "requestId": request["requestId"] })).await.unwrap();
    }
    finish(&market, &buyer(), lbg_id).await;
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_declined_leg_ends_the_orders_other_requests() {
    let market = Market::open().await;
    let lbg_id = with_studio(&market, "RTB", LATER).await;
    let sent = mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": lbg_id })).await.unwrap();
    let id = |kind: &str| {
        sent.as_array().unwrap().iter().find(|r| r["legType"] == kind).unwrap()["requestId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let declined = mutate(
        &market,
        &host(),
        "declineRequest",
        json!({ "requestId": id("STUDIO"), "reason": "Closed for a film" }),
    )
    .await
    .unwrap();
    assert_eq!(declined["declineReason"], "Closed for a film");
    assert_eq!(declined["alternatives"].as_array().unwrap().len(), 3);
    assert_eq!(status(&market, &id("TALENT")).await, "WITHDRAWN");
    assert_eq!(
        code(mutate(&market, &talent(), "acceptRequest", json!({ "requestId": id("TALENT") })).await),
        "WRONG_STATE"
    );
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn counter_offer_totals_recalculate_and_the_prior_request_is_invalid() {
    let market = Market::open().await;
    let (lbg_id, request_id) = asked(&market, &buyer(), LATER).await;
    let before = market.order(lbg_id).await["totalCents"].as_i64().unwrap();
    let counter = json!({ "input": {
        "requestId": request_id, "when": { "start": MOVED.0, "end": MOVED.1 },
        "lineItemChanges": [{ "kind": "TRAVEL", "name": "Travel to the park", "quantity": 20, "unitPriceCents": 100 }],
    } });
    let made = mutate(&market, &talent(), "counterOffer", counter.clone()).await.unwrap();
    assert_eq!((&made["awaits"], &made["round"]), (&json!("BUYER"), &json!(1)));
    assert_eq!(made["subtotalCents"], 45_000 + 2 * 1_500 + 2_000);
    let parts = ["subtotalCents", "serviceTaxCents", "platformFeeCents", "platformFeeTaxCents"];
    assert_eq!(made["totalCents"], parts.iter().map(|part| made[*part].as_i64().unwrap()).sum::<i64>());
    assert!(made["totalCents"].as_i64().unwrap() > before);
    assert_eq!(status(&market, &request_id).await, "COUNTERED");
    // The prior request is over for everybody, and a counter changes nothing until it is accepted.
    for who in [talent(), buyer()] {
        assert_eq!(
            code(mutate(&market, &who, "acceptRequest", json!({ "requestId": request_id })).await),
            "WRONG_STATE"
        );
        assert_eq!(code(mutate(&market, &who, "counterOffer", counter.clone()).await), "WRONG_STATE");
    }
    assert_eq!(market.order(lbg_id).await["totalCents"], before);
    let accept = json!({ "requestId": made["requestId"] });
    assert_eq!(code(mutate(&market, &talent(), "acceptRequest", accept.clone()).await), "WRONG_STATE");
    mutate(&market, &buyer(), "acceptRequest", accept).await.unwrap();
    let order = market.order(lbg_id).await;
    assert_eq!(order["totalCents"], made["totalCents"]);
    assert_eq!(order["startAt"], "2026-06-20T18:00:00.000Z");
    assert_eq!(order["legs"][0]["lines"].as_array().unwrap().len(), 3);
    finish(&market, &buyer(), lbg_id).await;
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn counter_offers_go_back_and_forth_and_come_to_an_end() {
    let market = Market::open().await;
    let (_, mut request_id) = asked(&market, &buyer(), LATER).await;
    for round in 1..=7 {
        let who = if round % 2 == 1 { talent() } else { buyer() };
        let changes = json!([{ "position": 0, "quantity": 1, "unitPriceCents": 45_000 + round }]);
        let args = json!({ "input": { "requestId": request_id, "lineItemChanges": changes } });
        let made = mutate(&market, &who, "counterOffer", args).await;
        if round == 7 {
            assert_eq!(code(made), "WRONG_STATE");
        } else {
            request_id = made.unwrap()["requestId"].as_str().unwrap().to_owned();
        }
    }
    assert_eq!(market.count("booking.request.countered").await, 6);
}

#[tokio::test]
async fn a_counter_that_makes_no_sense_is_refused() {
    let market = Market::open().await;
    let (_, request_id) = asked(&market, &buyer(), LATER).await;
    for rest in [
        json!({}),
        json!({ "when": { "start": LATER.0, "end": "2026-06-20T19:00:00Z" } }),
        json!({ "when": { "start": "2026-05-01T15:00:00Z", "end": "2026-05-01T17:00:00Z" } }),
        json!({ "lineItemChanges": [{ "position": 9, "quantity": 1, "unitPriceCents": 1 }] }),
        json!({ "lineItemChanges": [{ "kind": "ADJUSTMENT", "name": "Gift", "quantity": 1, "unitPriceCents": -48_000 }] }),
    ] {
        let mut input = rest.clone();
        input["requestId"] = json!(request_id);
        assert_eq!(
            code(mutate(&market, &talent(), "counterOffer", json!({ "input": input })).await),
            "INPUT_INVALID",
            "{rest}"
        );
    }
    assert_eq!(status(&market, &request_id).await, "PENDING");
}

#[tokio::test]
async fn of_two_requests_for_the_same_time_one_can_be_accepted() {
    let market = Market::open().await;
    let ((first, a), (second, b)) =
        (asked(&market, &buyer(), LATER).await, asked(&market, &rival(), LATER).await);
    let who = talent();
    let answers = tokio::join!(
        mutate(&market, &who, "acceptRequest", json!({ "requestId": a })),
        mutate(&market, &who, "acceptRequest", json!({ "requestId": b })),
    );
    let refused: Vec<ApiError> = [answers.0, answers.1].into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code, "CHK_ATOMIC_FAIL");
    assert!(!refused[0].details.as_ref().unwrap()["alternatives"].as_array().unwrap().is_empty());
    // The refused one still waits, and a third buyer is told at once.
    let states = [status(&market, &a).await, status(&market, &b).await];
    assert!(states.contains(&"ACCEPTED".to_owned()) && states.contains(&"PENDING".to_owned()), "{states:?}");
    let third = start(&market, &rival(), input(&market, "RTB", LATER)).await;
    assert_eq!(
        code(mutate(&market, &rival(), "sendRequest", json!({ "lbgId": third })).await),
        "CHK_ATOMIC_FAIL"
    );
    assert_ne!(first, second);
}

#[tokio::test]
async fn the_same_request_accepted_twice_at_once_is_agreed_once() {
    let market = Market::open().await;
    let (_, request_id) = asked(&market, &buyer(), LATER).await;
    let (who, args) = (talent(), json!({ "requestId": request_id }));
    let (a, b) = tokio::join!(
        mutate(&market, &who, "acceptRequest", args.clone()),
        mutate(&market, &who, "acceptRequest", args.clone()),
    );
    assert_eq!(
        (a.unwrap()["status"].clone(), b.unwrap()["status"].clone()),
        (json!("ACCEPTED"), json!("ACCEPTED"))
    );
    assert_eq!(market.count("booking.request.accepted").await, 1);
    assert_eq!(market.blocks().await.len(), 1);
}

#[tokio::test]
async fn of_accept_and_withdraw_the_first_counts() {
    for _ in 0..4 {
        let market = Market::open().await;
        let (lbg_id, request_id) = asked(&market, &buyer(), LATER).await;
        let (seller, owner, args) = (talent(), buyer(), json!({ "requestId": request_id }));
        let (accepted, withdrawn) = tokio::join!(
            mutate(&market, &seller, "acceptRequest", args.clone()),
            mutate(&market, &owner, "withdrawRequest", args.clone()),
        );
        assert_ne!(accepted.is_ok(), withdrawn.is_ok());
        assert_eq!(packs(&market, &owner, lbg_id).await.is_ok(), accepted.is_ok());
        assert_eq!(market.blocks().await.len(), usize::from(accepted.is_ok()));
    }
}

#[tokio::test]
async fn of_expiry_and_an_answer_in_time_the_answer_counts() {
    let market = Market::open().await;
    let (_, request_id) = asked(&market, &buyer(), LATER).await;
    market.world.clock.advance(Duration::hours(48) - Duration::seconds(1));
    let (who, store) = (talent(), market.store().clone());
    let (accepted, swept) = tokio::join!(
        mutate(&market, &who, "acceptRequest", json!({ "requestId": request_id })),
        jobs::expire_requests(store, system()),
    );
    assert!(accepted.is_ok());
    assert_eq!(swept.unwrap()["expired"], 0);
    market.world.clock.advance(Duration::hours(2));
    assert_eq!(jobs::expire_requests(market.store().clone(), system()).await.unwrap()["expired"], 0);
    assert_eq!(status(&market, &request_id).await, "ACCEPTED");
}

#[tokio::test]
async fn a_payment_that_begins_keeps_the_agreed_time_as_long_as_was_promised() {
    let market = Market::open().await;
    let (lbg_id, request_id) = asked(&market, &buyer(), LATER).await;
    mutate(&market, &talent(), "acceptRequest", json!({ "requestId": request_id })).await.unwrap();
    market.sign(&buyer(), lbg_id).await;
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    assert_eq!(payable["holdExpiresAt"], "2026-06-02T12:00:00.000Z");
}

#[tokio::test]
async fn what_was_agreed_and_not_paid_gives_its_time_back() {
    let market = Market::open().await;
    let (_, request_id) = asked(&market, &buyer(), LATER).await;
    mutate(&market, &talent(), "acceptRequest", json!({ "requestId": request_id })).await.unwrap();
    market.world.clock.advance(Duration::hours(24));
    let (_, other) = asked(&market, &rival(), LATER).await;
    mutate(&market, &talent(), "acceptRequest", json!({ "requestId": other })).await.unwrap();
    assert_eq!(market.blocks().await.len(), 1);
}

#[tokio::test]
async fn an_order_in_a_mode_is_priced_with_licence_and_travel() {
    let market = Market::open().await;
    let terms = profiles::BookingTerms {
        travel_cents_per_mile: Some(rastup_types::Cents(67)),
        licenses: vec![profiles::LicensePrice {
            tier: rastup_types::pricing::LicenseTier::Ads,
            price_cents: rastup_types::Cents(15_000),
        }],
    };
    profiles::set_booking_terms(market.store(), &talent(), market.seller.service_profile_id, &terms)
        .await
        .unwrap();
    let mut wish = input(&market, "RTB", SOON);
    wish["licenseTier"] = json!("ADS");
    wish["travelMiles"] = json!(23.2);
    let args = json!({ "input": wish, "clientRequestId": "start-1" });
    let draft = mutate(&market, &buyer(), "startOrder", args.clone()).await.unwrap();
    assert_eq!(draft["order"]["legs"][0]["subtotalCents"], 45_000 + 3_000 + 15_000 + 24 * 67);
    assert_eq!(mutate(&market, &buyer(), "startOrder", args).await.unwrap()["draftId"], draft["draftId"]);
    for (field, value) in [
        ("licenseTier", json!("BUYOUT")),
        ("travelMiles", json!(0)),
        ("mode", json!("INVITE")),
        ("locationKind", json!("RENTED_STUDIO")),
        ("locationKind", json!("REMOTE")),
    ] {
        let mut bad = wish.clone();
        bad[field] = value;
        assert_eq!(
            code(mutate(&market, &buyer(), "startOrder", json!({ "input": bad })).await),
            "INPUT_INVALID",
            "{field}"
        );
    }
}

#[tokio::test]
async fn rules_are_set_by_the_owner_alone() {
    let market = Market::open().await;
    let rules = json!({ "allowIb": true });
    for (who, subject, expected) in [
        (host(), json!({ "serviceProfileId": market.seller.service_profile_id }), Some("NOT_FOUND")),
        (talent(), json!({ "studioId": market.studio_id }), Some("NOT_FOUND")),
        (host(), json!({ "studioId": market.studio_id }), None),
        (host(), json!({}), Some("INPUT_INVALID")),
    ] {
        let mut args = subject;
        args["rules"] = rules.clone();
        let answer = mutate(&market, &who, "setAutoAcceptRules", args).await;
        assert_eq!(answer.err().map(|error| error.code), expected);
    }
    assert_eq!(market.count("booking.autoaccept.changed").await, 1);
    assert_outbox_matches_schemas(market.store()).await;
    let args = json!({ "serviceProfileId": market.seller.service_profile_id, "rules": { "allowIb": true, "weekdayMask": 0 } });
    assert_eq!(code(mutate(&market, &talent(), "setAutoAcceptRules", args).await), "INPUT_INVALID");
}

#[tokio::test]
async fn a_place_does_not_change_once_the_sellers_were_asked() {
    let market = Market::open().await;
    let (lbg_id, _) = asked(&market, &buyer(), LATER).await;
    assert_eq!(code(market.attach(&buyer(), lbg_id).await), "WRONG_STATE");
    let direct = market.start(&buyer(), LATER).await;
    assert_eq!(
        code(mutate(&market, &buyer(), "sendRequest", json!({ "lbgId": direct })).await),
        "WRONG_STATE"
    );
    assert_eq!(code(mutate(&market, &rival(), "sendRequest", json!({ "lbgId": lbg_id })).await), "NOT_FOUND");
}

#[tokio::test]
async fn pages_of_requests_follow_one_another() {
    let market = Market::open().await;
    for day in 10..15 {
        let when = (format!("2026-06-{day}T15:00:00Z"), format!("2026-06-{day}T17:00:00Z"));
        asked(&market, &buyer(), (&when.0, &when.1)).await;
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let args = json!({ "as": "SELLER", "status": "PENDING", "limit": 2, "nextToken": token });
        let page = ask(&market, &talent(), "Query", "myRequests", args).await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["requestId"].clone()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    let none = ask(&market, &talent(), "Query", "myRequests", json!({ "as": "BUYER" })).await.unwrap();
    assert_eq!(none["items"], json!([]));
    let bad =
        ask(&market, &talent(), "Query", "myRequests", json!({ "as": "BUYER", "nextToken": "x" })).await;
    assert_eq!(code(bad), "INPUT_INVALID");
    assert_eq!(
        outbox_events(market.store()).await.iter().filter(|e| e.event == "booking.request.sent").count(),
        5
    );
}
