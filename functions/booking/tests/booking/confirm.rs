//! The confirmation: all legs or none, whatever fails, runs twice or comes late.

use chrono::Duration;
use rastup_providers::stripe::{Fault, PaymentError};
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events};
use rastup_types::Cents;
use serde_json::{Value, json};

use crate::support::{BACKWARD, FORWARD, Market, SOON, buyer};

fn declined() -> Fault {
    Fault::Refuse(PaymentError::Declined { code: "card_declined".to_owned() })
}

#[tokio::test]
async fn both_legs_are_confirmed_together() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.confirmed(&buyer(), SOON).await;

    let order = market.order(lbg_id).await;
    assert_eq!(market.leg_statuses(lbg_id).await, ["CONFIRMED", "CONFIRMED"]);
    assert_eq!(order["charge"]["status"], "CAPTURED");
    assert_eq!(order["acceptanceUntil"], "2026-06-05T17:00:00.000Z");
    assert_eq!(order["legs"][1]["deposit"]["status"], "AUTHORIZED");
    assert_eq!(market.stripe.balance().0, order["totalCents"].as_i64().unwrap());
    assert_eq!(market.stripe.live_holds(), 1);
    assert!(market.blocks().await.iter().all(|(_, status)| status == "confirmed"));

    let events = outbox_events(market.store()).await;
    let confirmed: Vec<_> = events.iter().filter(|event| event.event == "lbg.confirmed").collect();
    assert_eq!(confirmed.len(), 1);
    assert_eq!(confirmed[0].ids["charge_id"], charge_id.to_string());
    assert_eq!(
        Value::Object(confirmed[0].payload.clone()),
        json!({ "start_at": "2026-06-03T15:00:00.000Z", "end_at": "2026-06-03T17:00:00.000Z",
                "acceptance_until": "2026-06-05T17:00:00.000Z" })
    );
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_refused_deposit_leaves_nothing_charged_and_both_legs_awaiting_payment() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.stripe.fail_next("place_hold", declined());

    let error = market.run_saga(lbg_id, charge_id).await.unwrap_err();

    assert_eq!(error.code, "CHK_ATOMIC_FAIL");
    assert_eq!(market.stripe.calls("capture"), 0);
    market.assert_undone(lbg_id).await;
    assert_eq!(market.order(lbg_id).await["lastErrorCode"], "CHK_ATOMIC_FAIL");
    assert_eq!(market.count("lbg.confirm_failed").await, 1);
    assert_eq!(market.count("lbg.confirmed").await, 0);

    // With another card the same order goes through.
    let again = market.pay(&buyer(), lbg_id).await;
    assert_ne!(again, charge_id);
    market.run_saga(lbg_id, again).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
    assert_eq!(market.order(lbg_id).await["lastErrorCode"], Value::Null);
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_refused_capture_lets_the_deposit_go() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.stripe.fail_next("capture", declined());
    market.run_saga(lbg_id, charge_id).await.unwrap_err();
    market.assert_undone(lbg_id).await;
    assert_eq!(market.order(lbg_id).await["legs"][1]["deposit"]["status"], "VOIDED");
    assert_eq!(market.count("deposit.auth.voided").await, 1);
}

#[tokio::test]
async fn a_failure_after_any_step_leaves_nothing_behind() {
    for done in 0..FORWARD.len() {
        let market = Market::open().await;
        let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
        market.run_saga_from(lbg_id, charge_id, &FORWARD[..done]).await.unwrap();
        market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
        market.assert_undone(lbg_id).await;
        assert_eq!(market.stripe.balance(), Cents::ZERO, "after {done} steps");
    }
}

#[tokio::test]
async fn every_step_and_every_undo_may_run_twice() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    let rest = json!({ "chargeId": charge_id, "errorCode": "CHK_ATOMIC_FAIL" });
    for binary in &FORWARD[..6] {
        for _ in 0..2 {
            market.step(binary, "do", lbg_id, rest.clone()).await.unwrap();
        }
    }
    for _ in 0..2 {
        market.step("booking_confirm_step", "abort", lbg_id, rest.clone()).await.unwrap();
    }
    for binary in BACKWARD {
        for _ in 0..2 {
            market.step(binary, "undo", lbg_id, rest.clone()).await.unwrap();
        }
    }
    for _ in 0..2 {
        market.step("booking_confirm_step", "failed", lbg_id, rest.clone()).await.unwrap();
    }
    market.assert_undone(lbg_id).await;
    assert_eq!(market.count("lbg.confirm_failed").await, 1);
    assert_eq!(market.count("deposit.auth.authorized").await, 1);
    assert_eq!(market.count("deposit.auth.voided").await, 1);
}

#[tokio::test]
async fn an_undo_with_nothing_done_is_harmless() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
    market.assert_undone(lbg_id).await;
}

#[tokio::test]
async fn a_step_that_comes_after_the_undo_takes_no_effect() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.run_saga_from(lbg_id, charge_id, &FORWARD[..6]).await.unwrap();
    market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
    for binary in FORWARD {
        let late = market.step(binary, "do", lbg_id, json!({ "chargeId": charge_id })).await.unwrap_err();
        assert!(!late.retryable, "{binary}: {late:?}");
        assert!(late.code == "CHK_ATOMIC_FAIL" || binary.starts_with("finance_"), "{binary}: {late:?}");
    }
    market.assert_undone(lbg_id).await;
}

#[tokio::test]
async fn a_confirmation_whose_answer_was_lost_is_not_undone() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.confirmed(&buyer(), SOON).await;
    market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
    let rest = json!({ "chargeId": charge_id, "errorCode": "CHK_ATOMIC_FAIL" });
    for binary in ["booking_calendar_step", "booking_deposit_step"] {
        let refused = market.step(binary, "undo", lbg_id, rest.clone()).await;
        assert_eq!(refused.unwrap_err().code, "WRONG_STATE", "{binary}");
    }
    // And every step may come again.
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.count("lbg.confirmed").await, 1);
    assert_eq!(market.stripe.live_holds(), 1);
}

#[tokio::test]
async fn lost_answers_of_the_provider_do_not_lose_or_double_a_deposit() {
    // The hold was placed but nobody heard of it: the retry finds the same one.
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.run_saga_from(lbg_id, charge_id, &FORWARD[..3]).await.unwrap();
    market.stripe.fail_next("place_hold", Fault::AfterEffect);
    let rest = json!({ "chargeId": charge_id });
    let lost = market.step("booking_deposit_step", "do", lbg_id, rest.clone()).await.unwrap_err();
    assert!(lost.retryable);
    market.step("booking_deposit_step", "do", lbg_id, rest).await.unwrap();
    assert_eq!(market.stripe.live_holds(), 1);

    // Nobody retried: the undo finds it and lets it go.
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.run_saga_from(lbg_id, charge_id, &FORWARD[..3]).await.unwrap();
    market.stripe.fail_next("place_hold", Fault::AfterEffect);
    let rest = json!({ "chargeId": charge_id });
    market.step("booking_deposit_step", "do", lbg_id, rest).await.unwrap_err();
    assert_eq!(market.stripe.live_holds(), 1);
    market.unwind(lbg_id, charge_id, "CHK_ATOMIC_FAIL").await;
    market.assert_undone(lbg_id).await;
}

#[tokio::test]
async fn an_order_that_changed_since_it_was_paid_is_not_confirmed() {
    // A pack was lost after the payment.
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    let leg = market.order(lbg_id).await["legs"][0].clone();
    let ids = json!({ "leg_id": leg["legId"], "pack_id": leg["docPackId"] });
    market.hear("doc.pack.superseded", ids).await.unwrap();
    assert_eq!(market.run_saga(lbg_id, charge_id).await.unwrap_err().code, "CHK_DOCS_REQUIRED");
    assert_eq!(market.stripe.held_or_taken(), Cents::ZERO);
    assert_eq!(market.leg_statuses(lbg_id).await, ["AWAITING_DOCS", "AWAITING_PAYMENT"]);

    // The session has begun.
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.world.clock.advance(Duration::days(3));
    assert_eq!(market.run_saga(lbg_id, charge_id).await.unwrap_err().code, "CHK_ATOMIC_FAIL");
    market.assert_undone(lbg_id).await;
}

#[tokio::test]
async fn steps_refuse_a_charge_of_another_order() {
    let market = Market::open().await;
    let (lbg_id, _) = market.authorised(&buyer(), SOON).await;
    let (_, foreign) = market.authorised(&buyer(), crate::support::LATER).await;
    let refused = market.step("booking_validate_step", "do", lbg_id, json!({ "chargeId": foreign })).await;
    assert_eq!(refused.unwrap_err().code, "NOT_FOUND");
    let unknown = "lbg_000000000000000000000000000000aa".parse().unwrap();
    for binary in ["booking_validate_step", "booking_calendar_step", "booking_confirm_step"] {
        let refused = market.step(binary, "do", unknown, json!({ "chargeId": foreign })).await;
        assert_eq!(refused.unwrap_err().code, "NOT_FOUND", "{binary}");
    }
}
