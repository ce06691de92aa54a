//! Who may do what: every operation with every kind of caller, and what a refused call leaves behind.

use rastup_store::{Caller, sqlx};
use rastup_testkit::{caller, user};
use rastup_types::{Actor, Role};
use serde_json::{Value, json};

use crate::support::{Market, OWNER, SELLER, SOON, STRANGER, buyer, owner, rival, seller};

fn anonymous() -> Caller {
    Caller { actor: Actor::Anonymous, corr_id: "test-correlation".to_owned() }
}

/// The callers of the table, in its columns' order.
fn callers() -> [(&'static str, Caller); 8] {
    [
        ("buyer", buyer()),
        ("another buyer", rival()),
        ("seller", caller(user(SELLER), &[Role::Seller])),
        ("studio owner", caller(user(OWNER), &[Role::StudioOwner])),
        ("stranger", caller(user(STRANGER), &[])),
        ("support", caller(user(1_000), &[Role::Support])),
        ("engineering", caller(user(1_001), &[Role::Engineering])),
        ("nobody", anonymous()),
    ]
}

#[tokio::test]
async fn every_operation_answers_its_callers_and_refuses_the_others() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let draft = json!({ "draftId": lbg_id });
    let pay = json!({ "draftId": lbg_id, "method": { "type": "CARD" } });
    let attach = json!({ "draftId": lbg_id, "studioId": market.studio_id });
    let order = json!({ "lbgId": lbg_id });
    let start = market.start_args(SOON);
    // In the columns' order: "" is answered.
    let only_buyer =
        ["", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"];
    let state = |code: &'static str| {
        let mut row = only_buyer;
        row[0] = code;
        row
    };
    let buyers = ["", "", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"];
    let parties = ["", "NOT_FOUND", "", "", "NOT_FOUND", "", "NOT_FOUND", "NOT_FOUND"];
    let anybody = [""; 8];
    let signed_in = ["", "", "", "", "", "", "", "FORBIDDEN"];
    // Following live is for the buyer, whose payment it tells of; the others read the order.
    let followers =
        ["", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"];
    let nobody = ["FORBIDDEN"; 8];
    let event = json!({ "event": {
        "lbgId": lbg_id, "event": "lbg.confirmed", "status": "CONFIRMED", "chargeStatus": null,
        "errorCode": null, "occurredAt": "2026-06-01T12:00:00.000Z",
    }});
    let table: [(&str, &Value, [&str; 8]); 11] = [
        ("quoteBooking", &start, anybody),
        ("startCheckout", &start, buyers),
        ("attachStudioInFlow", &attach, only_buyer),
        ("createDocPack", &draft, only_buyer),
        ("confirmPayment", &draft, state("WRONG_STATE")),
        ("createPaymentIntent", &pay, only_buyer),
        ("markCompleted", &order, state("WRONG_STATE")),
        ("order", &order, parties),
        ("myOrders", &json!({}), signed_in),
        ("checkoutStatus", &order, followers),
        ("publishCheckoutStatus", &event, nobody),
    ];
    for (operation, args, expected) in table {
        for ((name, who), code) in callers().into_iter().zip(expected) {
            let answer = match operation {
                "quoteBooking" => market.quote(&who, args.clone()).await,
                "order" | "myOrders" => market.query(&who, operation, args.clone()).await,
                "checkoutStatus" => market.follow(&who, lbg_id).await,
                "publishCheckoutStatus" => market.publish(&who, args.clone()).await,
                _ => market.call(&who, operation, args.clone()).await,
            };
            let answered = answer.map_or_else(|error| error.code, |_| "");
            assert_eq!(answered, code, "{operation} by {name}");
        }
    }
}

#[tokio::test]
async fn only_the_backend_publishes_and_its_words_pass_unchanged() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    let event = json!({
        "lbgId": lbg_id, "event": "lbg.confirm_failed", "status": "AWAITING_PAYMENT",
        "chargeStatus": "CANCELED", "errorCode": "CHK_ATOMIC_FAIL", "occurredAt": "2026-06-01T12:00:00.000Z",
    });
    let passed = market.publish(&rastup_testkit::system(), json!({ "event": event })).await.unwrap();
    assert_eq!(passed, event);
}

#[tokio::test]
async fn a_seller_sees_their_own_leg_and_nothing_of_the_payment() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    for (who, leg_type) in [(seller(), "TALENT"), (owner(), "STUDIO")] {
        let who = caller(who, &[Role::Seller]);
        let seen = market.query(&who, "order", json!({ "lbgId": lbg_id })).await.unwrap();
        let legs = seen["legs"].as_array().unwrap();
        assert_eq!(legs.len(), 1);
        assert_eq!(legs[0]["type"], leg_type);
        assert_eq!(seen["charge"], Value::Null);
        assert_eq!(seen["totalCents"], legs[0]["totalCents"]);
    }
}

#[tokio::test]
async fn what_staff_reads_is_in_the_audit_trail() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    let order = json!({ "lbgId": lbg_id });
    market.query(&buyer(), "order", order.clone()).await.unwrap();
    market.query(&caller(user(1_000), &[Role::Support]), "order", order).await.unwrap();
    let readers: Vec<String> = sqlx::query_scalar(
        "select actor from platform.audit_log where action = 'order.read' and target = $1",
    )
    .bind(lbg_id.to_string())
    .fetch_all(market.world.database().pool())
    .await
    .unwrap();
    assert_eq!(readers, [user(1_000).to_string()]);
}

#[tokio::test]
async fn nobody_books_themselves() {
    let market = Market::open().await;
    let self_booking = caller(seller(), &[Role::Seller, Role::Buyer]);
    let refused = market.call(&self_booking, "startCheckout", market.start_args(SOON)).await;
    assert_eq!(refused.unwrap_err().code, "INPUT_INVALID");
    let host = caller(owner(), &[Role::StudioOwner, Role::Buyer]);
    let lbg_id = market.start(&host, SOON).await;
    assert_eq!(market.attach(&host, lbg_id).await.unwrap_err().code, "INPUT_INVALID");
}

#[tokio::test]
async fn a_confirmed_order_refuses_what_belongs_to_checkout() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    let before = market.order(lbg_id).await;
    let draft = json!({ "draftId": lbg_id });
    for (operation, args) in [
        ("createDocPack", draft.clone()),
        ("createPaymentIntent", json!({ "draftId": lbg_id, "method": { "type": "CARD" } })),
        ("markCompleted", json!({ "lbgId": lbg_id })),
    ] {
        let refused = market.call(&buyer(), operation, args).await;
        assert_eq!(refused.unwrap_err().code, "WRONG_STATE", "{operation}");
    }
    assert_eq!(market.order(lbg_id).await, before);
}

#[tokio::test]
async fn malformed_and_unknown_ids_are_refused() {
    let market = Market::open().await;
    let unknown = "lbg_000000000000000000000000000000aa";
    for (id, code) in
        [(json!(unknown), "NOT_FOUND"), (json!("lbg_1"), "INPUT_INVALID"), (json!(7), "INPUT_INVALID")]
    {
        for (operation, args) in [
            ("attachStudioInFlow", json!({ "draftId": id, "studioId": market.studio_id })),
            ("createDocPack", json!({ "draftId": id })),
            ("createPaymentIntent", json!({ "draftId": id, "method": { "type": "CARD" } })),
            ("confirmPayment", json!({ "draftId": id })),
            ("markCompleted", json!({ "lbgId": id })),
        ] {
            let refused = market.call(&buyer(), operation, args).await;
            assert_eq!(refused.unwrap_err().code, code, "{operation} {id}");
        }
        let refused = market.query(&buyer(), "order", json!({ "lbgId": id })).await;
        assert_eq!(refused.unwrap_err().code, code);
    }
}
