//! Capture, tax and wallet with their undo, through `finance_capture_step`, `finance_tax_step` and `finance_wallet_step`:
//! fail before, fail after, run twice, arrive late.

use std::sync::Arc;

use finance::{
    ChargeStatus, Method,
    api::{StepDeps, capture_step, tax_step, wallet_step},
    saga,
};
use rastup_providers::stripe::{Fault, IntentStatus, PaymentError, Payments};
use rastup_runtime::step::StepInput;
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, system};
use rastup_types::{ApiError, Cents, ChargeId, LbgId, id::TypedId};
use serde_json::{Value, json};

use crate::scene::Scene;

fn input(scene: &Scene, action: &str) -> StepInput {
    StepInput::new(action, scene.lbg_id, json!({ "chargeId": scene.charge_id }))
}

async fn step(scene: &Scene, action: &str) -> Result<Value, ApiError> {
    let payments: Arc<dyn Payments> = scene.payments.clone();
    let deps = StepDeps { store: scene.store().clone(), payments };
    capture_step(deps, input(scene, action), system()).await
}

async fn tax(scene: &Scene, action: &str) -> Result<Value, ApiError> {
    tax_step(scene.store().clone(), input(scene, action), system()).await
}

/// Nothing is held or kept, and every account is even.
async fn assert_nothing_charged(scene: &Scene) {
    assert_eq!(scene.payments.held_or_taken(), Cents::ZERO);
    assert!(scene.balances().await.values().all(|balance| *balance == 0), "{:?}", scene.balances().await);
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_capture_writes_cash_and_what_is_owed_for_it() {
    let scene = Scene::authorized(Method::Card).await;
    let answer = step(&scene, "do").await.unwrap();
    assert_eq!(answer["chargeStatus"], "CAPTURED");
    assert_eq!(answer["capturedCents"], json!(scene.total()));
    let owed: i64 = scene.legs.iter().map(|leg| (leg.price.subtotal + leg.price.service_tax).0).sum();
    let fees: i64 = scene.legs.iter().map(|leg| leg.price.platform_fee.0).sum();
    let fee_tax: i64 = scene.legs.iter().map(|leg| leg.price.platform_fee_tax.0).sum();
    let balances = scene.balances().await;
    assert_eq!(balances["Cash:Stripe"], scene.total().0);
    assert_eq!(balances["Liability:SellerPayable"], -owed);
    assert_eq!(balances["Deferred:PlatformFees"], -fees);
    assert_eq!(balances["Liability:TaxPayable:PlatformFeeTax"], -fee_tax);
    assert_eq!(scene.payments.balance(), scene.total());
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_capture_run_twice_takes_the_money_once() {
    let scene = Scene::authorized(Method::Card).await;
    let first = step(&scene, "do").await.unwrap();
    let second = step(&scene, "do").await.unwrap();
    assert_eq!(first, second);
    assert_eq!(scene.journals().await, ["capture"]);
    let captured = scene.events().await.into_iter().filter(|name| name == "payment.capture.succeeded");
    assert_eq!(captured.count(), 1);
}

#[tokio::test]
async fn a_capture_whose_answer_is_lost_is_found_done() {
    for fault in [Fault::BeforeEffect, Fault::AfterEffect] {
        let scene = Scene::authorized(Method::Card).await;
        scene.payments.fail_next("capture", fault.clone());
        let error = step(&scene, "do").await.unwrap_err();
        assert!(error.retryable, "{fault:?}");
        step(&scene, "do").await.unwrap();
        assert_eq!(scene.payments.balance(), scene.total(), "{fault:?}");
        assert_eq!(scene.journals().await, ["capture"], "{fault:?}");
    }
}

#[tokio::test]
async fn a_capture_waits_for_no_webhook() {
    let scene = Scene::new(Method::Card).await;
    let intent = scene.intent().await;
    scene.payments.buyer_pays(&intent.payment_intent_id);
    let answer = step(&scene, "do").await.unwrap();
    assert_eq!(answer["chargeStatus"], "CAPTURED");
}

#[tokio::test]
async fn a_refused_capture_is_told_and_can_be_undone() {
    let scene = Scene::authorized(Method::Card).await;
    let refusal = PaymentError::Declined { code: "card_declined".to_owned() };
    scene.payments.fail_next("capture", Fault::Refuse(refusal));
    assert_eq!(step(&scene, "do").await.unwrap_err().code, "PAYMENT_FAILED");
    assert_eq!(scene.events().await.last().unwrap(), "payment.capture.failed");
    step(&scene, "undo").await.unwrap();
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn an_unpaid_charge_is_not_captured() {
    let card = Scene::new(Method::Card).await;
    card.intent().await;
    assert_eq!(step(&card, "do").await.unwrap_err().code, "CHK_CARD_ACTION_REQUIRED");
    let debit = Scene::new(Method::AchDebit).await;
    let intent = debit.intent().await;
    debit.payments.buyer_starts_debit(&intent.payment_intent_id);
    assert_eq!(step(&debit, "do").await.unwrap_err().code, "CHK_ACH_NOT_VERIFIED");
    assert_eq!(debit.charge().await.status, ChargeStatus::Processing);
}

#[tokio::test]
async fn a_bank_debit_counts_when_it_has_succeeded_and_its_undo_is_a_refund() {
    let scene = Scene::authorized(Method::AchDebit).await;
    let answer = step(&scene, "do").await.unwrap();
    assert_eq!(answer["chargeStatus"], "SUCCEEDED");
    assert_eq!(scene.payments.calls("capture"), 0);
    assert_eq!(scene.journals().await, ["capture"]);
    scene.payments.refunds_stay_pending();
    let answer = step(&scene, "undo").await.unwrap();
    assert_eq!(answer["refundedCents"], json!(scene.total()));
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn an_undo_before_the_capture_cancels_and_after_it_refunds() {
    let before = Scene::authorized(Method::Card).await;
    step(&before, "undo").await.unwrap();
    assert_eq!(before.charge().await.status, ChargeStatus::Canceled);
    assert_eq!((before.payments.calls("cancel"), before.payments.calls("refund")), (1, 0));
    assert!(before.journals().await.is_empty());
    assert_nothing_charged(&before).await;

    let after = Scene::captured().await;
    step(&after, "undo").await.unwrap();
    assert_eq!(after.charge().await.status, ChargeStatus::Refunded);
    assert_eq!(after.journals().await, ["capture", "refund"]);
    let events = after.events().await;
    assert_eq!(events.iter().filter(|name| *name == "refund.succeeded").count(), 2, "one per leg");
    assert_nothing_charged(&after).await;
}

#[tokio::test]
async fn an_undo_is_harmless_twice_and_when_nothing_was_done() {
    let scene = Scene::new(Method::Card).await;
    step(&scene, "undo").await.unwrap();
    step(&scene, "undo").await.unwrap();
    assert_eq!(scene.charge().await.status, ChargeStatus::Canceled);
    let captured = Scene::captured().await;
    let first = step(&captured, "undo").await.unwrap();
    assert_eq!(step(&captured, "undo").await.unwrap(), first);
    assert_eq!(captured.payments.calls("refund"), 1);
    assert_nothing_charged(&captured).await;
}

#[tokio::test]
async fn an_undo_survives_lost_answers_at_every_call() {
    for operation in ["payment_intent", "cancel"] {
        for fault in [Fault::BeforeEffect, Fault::AfterEffect] {
            let scene = Scene::authorized(Method::Card).await;
            scene.payments.fail_next(operation, fault.clone());
            assert!(step(&scene, "undo").await.unwrap_err().retryable, "{operation} {fault:?}");
            step(&scene, "undo").await.unwrap();
            assert_nothing_charged(&scene).await;
        }
    }
    for fault in [Fault::BeforeEffect, Fault::AfterEffect] {
        let scene = Scene::captured().await;
        scene.payments.fail_next("refund", fault.clone());
        assert!(step(&scene, "undo").await.unwrap_err().retryable, "{fault:?}");
        step(&scene, "undo").await.unwrap();
        assert_eq!(scene.journals().await, ["capture", "refund"], "{fault:?}");
        assert_nothing_charged(&scene).await;
    }
}

#[tokio::test]
async fn a_capture_that_was_killed_after_its_effect_is_undone_by_a_refund() {
    let scene = Scene::authorized(Method::Card).await;
    scene.payments.fail_next("capture", Fault::AfterEffect);
    step(&scene, "do").await.unwrap_err();
    assert_eq!(scene.charge().await.captured, Cents::ZERO, "we never heard of it");
    step(&scene, "undo").await.unwrap();
    assert_eq!(scene.charge().await.status, ChargeStatus::Refunded);
    assert_eq!(scene.journals().await, ["capture", "refund"], "the books show both movements");
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn a_capture_that_lands_between_the_undos_look_and_its_cancellation_is_refunded() {
    let scene = Scene::authorized(Method::Card).await;
    let intent = scene.charge().await.payment_intent_id.unwrap();
    scene.payments.captured_before_next("cancel", &intent);
    let answer = step(&scene, "undo").await.unwrap();
    assert_eq!(answer["refundedCents"], json!(scene.total()));
    assert_eq!((scene.payments.calls("cancel"), scene.payments.calls("refund")), (1, 1));
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn a_capture_that_comes_after_the_undo_has_no_effect() {
    let scene = Scene::authorized(Method::Card).await;
    step(&scene, "undo").await.unwrap();
    assert_eq!(step(&scene, "do").await.unwrap_err().code, "CHK_ATOMIC_FAIL");
    assert_eq!(scene.payments.calls("capture"), 0);
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn a_fence_of_any_undo_holds_every_later_step() {
    let scene = Scene::authorized(Method::Card).await;
    assert_eq!(tax(&scene, "undo").await.unwrap()["voided"], 0);
    assert_eq!(step(&scene, "do").await.unwrap_err().code, "CHK_ATOMIC_FAIL");
    assert_eq!(tax(&scene, "do").await.unwrap_err().code, "CHK_ATOMIC_FAIL");
    let wallet = wallet_step(scene.store().clone(), input(&scene, "do"), system()).await;
    assert_eq!(wallet.unwrap_err().code, "CHK_ATOMIC_FAIL");
    step(&scene, "undo").await.unwrap();
    assert_nothing_charged(&scene).await;
}

#[tokio::test]
async fn tax_is_committed_once_and_taken_back_with_its_charge() {
    let scene = Scene::captured().await;
    assert_eq!(tax(&scene, "do").await.unwrap()["committed"], true);
    let events = rastup_testkit::outbox_events(scene.store()).await;
    assert_eq!(events.iter().filter(|event| event.event == "tax.commit").count(), 2, "one per leg");
    assert_eq!(tax(&scene, "undo").await.unwrap()["voided"], 4, "service and fee of two legs");
    assert_eq!(tax(&scene, "undo").await.unwrap()["voided"], 0);
    step(&scene, "undo").await.unwrap();
    let (committed,): (i64,) =
        sqlx::query_as("select count(*) from finance.tax_txn where committed_at is not null")
            .fetch_one(scene.store().pool())
            .await
            .unwrap();
    assert_eq!(committed, 0);
}

#[tokio::test]
async fn tax_is_not_committed_before_the_money_is_taken_nor_over_another_amount() {
    let scene = Scene::authorized(Method::Card).await;
    assert_eq!(tax(&scene, "do").await.unwrap_err().code, "CHK_CARD_ACTION_REQUIRED");
    step(&scene, "do").await.unwrap();
    sqlx::query("update finance.tax_txn set quote_cents = quote_cents + 1 where kind = 'service'")
        .execute(scene.store().pool())
        .await
        .unwrap();
    assert_eq!(tax(&scene, "do").await.unwrap_err().code, "INTERNAL");
}

#[tokio::test]
async fn no_wallet_credit_is_applied_and_none_given_back() {
    let scene = Scene::authorized(Method::Card).await;
    for action in ["do", "do", "undo", "undo"] {
        let answer = wallet_step(scene.store().clone(), input(&scene, action), system()).await.unwrap();
        assert_eq!(answer["appliedCents"], 0, "{action}");
    }
}

#[tokio::test]
async fn steps_refuse_other_orders_unknown_charges_and_unknown_actions() {
    let scene = Scene::authorized(Method::Card).await;
    let other_order = LbgId::from_uuid(uuid::Uuid::from_u128(99));
    let result =
        saga::capture(scene.store(), scene.payments.as_ref(), &system(), other_order, scene.charge_id).await;
    assert_eq!(ApiError::from(result.unwrap_err()).code, "NOT_FOUND");
    let unknown = ChargeId::from_uuid(uuid::Uuid::from_u128(99));
    let result =
        saga::undo_capture(scene.store(), scene.payments.as_ref(), &system(), scene.lbg_id, unknown).await;
    assert_eq!(ApiError::from(result.unwrap_err()).code, "NOT_FOUND");
    assert_eq!(step(&scene, "redo").await.unwrap_err().code, "INTERNAL");
    assert_eq!(tax(&scene, "redo").await.unwrap_err().code, "INTERNAL");
    let nameless = StepInput::new("do", scene.lbg_id, json!({}));
    let result = wallet_step(scene.store().clone(), nameless, system()).await;
    assert_eq!(result.unwrap_err().code, "INPUT_INVALID");
    assert_eq!(scene.charge().await.status, ChargeStatus::Authorized);
}

#[tokio::test]
async fn an_undo_started_again_after_stripe_forgot_its_key_finds_its_refund() {
    for stays_pending in [false, true] {
        let scene = Scene::captured().await;
        if stays_pending {
            scene.payments.refunds_stay_pending();
        }
        scene.payments.fail_next("refund", Fault::AfterEffect);
        assert!(step(&scene, "undo").await.unwrap_err().retryable);
        scene.payments.keys_expire();
        let answer = step(&scene, "undo").await.unwrap();
        assert_eq!(answer["refundedCents"], json!(scene.total()));
        assert_eq!(scene.payments.calls("refund"), 1, "found, not asked for again");
        let intent = scene.charge().await.payment_intent_id.unwrap();
        let at_stripe = scene.payments.refunds(&intent).await.unwrap();
        let (noted,): (String,) = sqlx::query_as("select distinct processor_refund from finance.refund")
            .fetch_one(scene.store().pool())
            .await
            .unwrap();
        assert_eq!(noted, at_stripe[0].refund.id);
        assert_eq!(scene.journals().await, ["capture", "refund"]);
        assert_nothing_charged(&scene).await;
    }
}

#[tokio::test]
async fn a_refund_that_is_not_the_undos_does_not_end_it() {
    for (of_whole, ours) in [(true, false), (false, true)] {
        let scene = Scene::captured().await;
        let charge = scene.charge().await;
        let intent = charge.payment_intent_id.unwrap();
        let amount = if of_whole { scene.total() } else { Cents(100) };
        let named = ours.then(|| ("charge_id".to_owned(), scene.charge_id.to_string()));
        scene.payments.refund("by-hand", &intent, amount, named.into_iter().collect()).await.unwrap();
        assert_eq!(step(&scene, "undo").await.unwrap_err().code, "WRONG_STATE", "{of_whole} {ours}");
        assert_eq!(scene.charge().await.status, ChargeStatus::Undoing, "{of_whole} {ours}");
        assert_eq!(scene.journals().await, ["capture"], "{of_whole} {ours}");
    }
}

#[tokio::test]
async fn no_intent_is_made_for_a_charge_that_was_given_up() {
    let scene = Scene::new(Method::Card).await;
    step(&scene, "undo").await.unwrap();
    assert_eq!(late_intent(&scene).await, "CHK_ATOMIC_FAIL");
    assert_eq!(scene.payments.calls("create_payment_intent"), 0);
}

#[tokio::test]
async fn an_intent_made_while_the_charge_is_given_up_is_cancelled() {
    let scene = Scene::new(Method::Card).await;
    let (store, payments) = (scene.store().clone(), scene.payments.clone());
    let (lbg_id, charge_id) = (scene.lbg_id, scene.charge_id);
    scene.payments.before_next_intent_is_answered(async move {
        let undone = saga::undo_capture(&store, payments.as_ref(), &system(), lbg_id, charge_id).await;
        assert_eq!(undone.unwrap().status, ChargeStatus::Canceled, "it knows of no intent yet");
    });
    assert_eq!(late_intent(&scene).await, "CHK_ATOMIC_FAIL");
    assert_eq!(scene.payments.calls("create_payment_intent"), 1);
    let intent = scene.charge().await.payment_intent_id.unwrap();
    assert_eq!(scene.payments.intent(&intent).unwrap().status, IntentStatus::Canceled);
    assert_nothing_charged(&scene).await;
}

/// The code with which an intent for the charge is refused.
async fn late_intent(scene: &Scene) -> &'static str {
    let payments = scene.payments.as_ref();
    let late = finance::charges::create_intent(scene.store(), payments, &system(), scene.charge_id).await;
    ApiError::from(late.map(|_| ()).unwrap_err()).code
}
