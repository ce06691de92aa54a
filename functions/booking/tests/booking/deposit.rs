//! The studio's deposit: scheduled far ahead, placed when the session is near, let go after the claim window.

use chrono::Duration;
use rastup_providers::stripe::{Fault, PaymentError};
use rastup_testkit::{assert_outbox_matches_schemas, system};
use serde_json::{Value, json};

use crate::support::{LATER, Market, SOON, buyer};

async fn deposit_of(market: &Market, lbg_id: rastup_types::LbgId) -> Value {
    market.order(lbg_id).await["legs"][1]["deposit"].clone()
}

async fn job(market: &Market) -> Value {
    booking::api::jobs::place_deposits(market.desk(), system()).await.unwrap()
}

#[tokio::test]
async fn far_ahead_it_is_scheduled_and_placed_when_the_session_is_near() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), LATER).await;
    assert_eq!(deposit_of(&market, lbg_id).await["status"], "SCHEDULED");
    assert_eq!(market.stripe.live_holds(), 0);
    let nothing = json!({ "placed": 0, "refused": 0, "unknown": 0 });
    assert_eq!(job(&market).await, nothing);

    // Six days before 2026-06-20 15:00.
    market.world.clock.advance(Duration::days(13) + Duration::hours(3));
    assert_eq!(job(&market).await["placed"], 1);
    assert_eq!(job(&market).await, nothing);
    assert_eq!(deposit_of(&market, lbg_id).await["status"], "AUTHORIZED");
    assert_eq!(market.stripe.live_holds(), 1);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_card_that_refuses_is_asked_again_half_a_day_later() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), LATER).await;
    market.world.clock.advance(Duration::days(14));
    market.stripe.fail_next(
        "place_hold",
        Fault::Refuse(PaymentError::Declined { code: "insufficient_funds".to_owned() }),
    );
    assert_eq!(job(&market).await["refused"], 1);
    assert_eq!(job(&market).await, json!({ "placed": 0, "refused": 0, "unknown": 0 }));
    market.world.clock.advance(Duration::hours(12));
    assert_eq!(job(&market).await["placed"], 1);
    assert_eq!(deposit_of(&market, lbg_id).await["status"], "AUTHORIZED");
}

#[tokio::test]
async fn a_lost_answer_is_asked_again_and_there_is_one_hold() {
    let market = Market::open().await;
    market.confirmed(&buyer(), LATER).await;
    market.world.clock.advance(Duration::days(14));
    market.stripe.fail_next("place_hold", Fault::AfterEffect);
    assert_eq!(job(&market).await["unknown"], 1);
    assert_eq!(job(&market).await["placed"], 1);
    assert_eq!(market.stripe.live_holds(), 1);
}

#[tokio::test]
async fn an_order_that_was_not_confirmed_gets_no_later_hold() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), LATER).await;
    market.run_saga_from(lbg_id, charge_id, &crate::support::FORWARD[..4]).await.unwrap();
    market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
    market.world.clock.advance(Duration::days(14));
    assert_eq!(job(&market).await["placed"], 0);
    assert_eq!(deposit_of(&market, lbg_id).await["status"], "VOIDED");
}

#[tokio::test]
async fn it_is_let_go_after_the_claim_window_and_not_before() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    let rest = json!({ "depositId": deposit_of(&market, lbg_id).await["depositId"] });
    let void = || market.step("booking_deposit_step", "void", lbg_id, rest.clone());
    market.world.clock.advance(Duration::days(5));
    assert_eq!(void().await.unwrap_err().code, "WRONG_STATE");
    assert_eq!(market.stripe.live_holds(), 1);
    // The session ends on 2026-06-03 17:00, the window three days later.
    market.world.clock.advance(Duration::hours(5));
    for _ in 0..2 {
        void().await.unwrap();
        assert_eq!(market.stripe.live_holds(), 0);
    }
    assert_eq!(deposit_of(&market, lbg_id).await["status"], "VOIDED");
    assert_eq!(market.count("deposit.auth.voided").await, 1);
}

#[tokio::test]
async fn voiding_names_a_deposit_of_the_order() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), SOON).await;
    let unknown = json!({ "depositId": "dep_000000000000000000000000000000aa" });
    let refused = market.step("booking_deposit_step", "void", lbg_id, unknown).await;
    assert_eq!(refused.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test]
async fn an_unsaved_card_stops_the_confirmation_and_nothing_is_charged() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    market.stripe.buyer_pays(payable["paymentIntentId"].as_str().unwrap());
    market.call(&buyer(), "confirmPayment", json!({ "draftId": lbg_id })).await.unwrap_err();
    let charge_id = payable["chargeId"].as_str().unwrap().parse().unwrap();
    let error = market.run_saga(lbg_id, charge_id).await.unwrap_err();
    assert_eq!(error.code, "CHK_CARD_ACTION_REQUIRED");
    market.assert_undone(lbg_id).await;
}
