//! After the confirmation: session, acceptance by the buyer or the clock, and the plan for settling.

use chrono::Duration;
use rastup_testkit::assert_outbox_matches_schemas;
use rastup_types::LbgId;
use serde_json::{Value, json};

use crate::support::{Market, SOON, buyer, code};

async fn session(market: &Market, action: &str, lbg_id: LbgId) -> Result<Value, rastup_types::ApiError> {
    market.step("booking_session_step", action, lbg_id, json!({})).await
}

async fn accept(market: &Market, lbg_id: LbgId) -> Result<Value, rastup_types::ApiError> {
    market.call(&buyer(), "markCompleted", json!({ "lbgId": lbg_id })).await
}

/// From 2026-06-01 12:00 to the session's start and end on 2026-06-03, and to the end of the acceptance window.
fn to_start() -> Duration {
    Duration::hours(51)
}
fn to_end() -> Duration {
    Duration::hours(53)
}
fn to_deadline() -> Duration {
    Duration::hours(53 + 48)
}

#[tokio::test]
async fn each_step_waits_for_its_time_and_may_come_twice() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    for action in ["start", "open_acceptance", "auto_accept"] {
        assert_eq!(code(session(&market, action, lbg_id).await), "WRONG_STATE", "{action}");
    }
    market.world.clock.advance(to_start());
    for _ in 0..2 {
        assert_eq!(session(&market, "start", lbg_id).await.unwrap()["status"], "IN_PROGRESS");
    }
    assert_eq!(code(session(&market, "open_acceptance", lbg_id).await), "WRONG_STATE");
    market.world.clock.advance(to_end() - to_start());
    for _ in 0..2 {
        assert_eq!(session(&market, "open_acceptance", lbg_id).await.unwrap()["status"], "DELIVERED");
    }
    assert_eq!(code(session(&market, "auto_accept", lbg_id).await), "WRONG_STATE");
    market.world.clock.advance(to_deadline() - to_end());
    for _ in 0..2 {
        assert_eq!(session(&market, "auto_accept", lbg_id).await.unwrap()["status"], "COMPLETED");
    }
    for (event, times) in [
        ("leg.in_progress", 2),
        ("acceptance.window.start", 1),
        ("acceptance.auto_accept", 1),
        ("acceptance.buyer.accept", 0),
        ("leg.completed", 2),
        ("booking.completed", 1),
        ("payout.queued", 2),
        ("fee.earned.recorded", 2),
    ] {
        assert_eq!(market.count(event).await, times, "{event}");
    }
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn the_buyer_accepts_after_the_session_and_twice_is_once() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    assert_eq!(code(accept(&market, lbg_id).await), "WRONG_STATE");
    market.world.clock.advance(to_start());
    assert_eq!(code(accept(&market, lbg_id).await), "WRONG_STATE");

    // The steps of the session have not run: the clock alone decides.
    market.world.clock.advance(to_end() - to_start());
    let first = accept(&market, lbg_id).await.unwrap();
    market.world.clock.advance(Duration::hours(1));
    let again = accept(&market, lbg_id).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(first["status"], "COMPLETED");
    assert_eq!(first["payouts"].as_array().unwrap().len(), 2);
    assert_eq!(first["payouts"][0]["status"], "QUEUED");
    assert_eq!(market.count("booking.completed").await, 1);
    assert_eq!(market.count("acceptance.buyer.accept").await, 1);
    // Late steps find everything done.
    for action in ["start", "open_acceptance"] {
        assert_eq!(session(&market, action, lbg_id).await.unwrap()["status"], "COMPLETED");
    }
    market.world.clock.advance(to_deadline());
    session(&market, "auto_accept", lbg_id).await.unwrap();
    assert_eq!(market.count("acceptance.auto_accept").await, 0);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn an_order_that_is_not_confirmed_has_no_session_and_is_not_accepted() {
    let market = Market::open().await;
    let (lbg_id, _) = market.authorised(&buyer(), SOON).await;
    market.world.clock.advance(to_deadline());
    for action in ["start", "open_acceptance", "auto_accept"] {
        assert_eq!(code(session(&market, action, lbg_id).await), "WRONG_STATE", "{action}");
    }
    assert_eq!(code(accept(&market, lbg_id).await), "WRONG_STATE");
    let plan = market.step("booking_settle_step", "plan", lbg_id, json!({})).await;
    assert_eq!(code(plan), "WRONG_STATE");
    assert_eq!(market.leg_statuses(lbg_id).await, ["AWAITING_PAYMENT", "AWAITING_PAYMENT"]);
}

#[tokio::test]
async fn the_plan_names_every_payout_and_deposit_with_its_day() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    market.world.clock.advance(to_end());
    let receipt = accept(&market, lbg_id).await.unwrap();
    let plan = market.step("booking_settle_step", "plan", lbg_id, json!({})).await.unwrap();
    let deposit = market.order(lbg_id).await["legs"][1]["deposit"]["depositId"].clone();
    assert_eq!(plan["deposits"], json!([{ "depositId": deposit, "voidAt": "2026-06-06T17:00:00.000Z" }]));
    let paid: Vec<Value> = receipt["payouts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|payout| json!({ "payoutId": payout["payoutId"], "scheduledFor": payout["scheduledFor"] }))
        .collect();
    assert_eq!(plan["payouts"], json!(paid));
}

#[tokio::test]
async fn sellers_are_paid_their_price_and_tax_and_the_rest_is_the_platforms() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    market.world.clock.advance(to_end());
    let receipt = accept(&market, lbg_id).await.unwrap();
    let order = market.order(lbg_id).await;
    for leg in order["legs"].as_array().unwrap() {
        let payouts = receipt["payouts"].as_array().unwrap();
        let payout = payouts.iter().find(|payout| payout["legId"] == leg["legId"]).unwrap();
        let share = leg["subtotalCents"].as_i64().unwrap() + leg["serviceTaxCents"].as_i64().unwrap();
        assert_eq!(payout["amountCents"].as_i64().unwrap(), share);
    }
}
