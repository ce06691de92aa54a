//! Earning, queueing and sending, through `finance_transfer_step`.

use std::sync::Arc;

use chrono::Duration;
use finance::{
    api::{StepDeps, transfer_step},
    fees,
    payouts::{self, Payout, PayoutStatus},
};
use rastup_providers::stripe::{Fault, PaymentError};
use rastup_runtime::step::StepInput;
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, system};
use rastup_types::{ApiError, UserId};
use serde_json::{Value, json};

use crate::scene::{Scene, photographer, studio_owner};

async fn give_account(scene: &Scene, seller: UserId, standing: &str) {
    sqlx::query(
        "insert into finance.connect_account (seller_user_id, account_id, standing) values ($1, $2, $3)",
    )
    .bind(seller)
    .bind(format!("acct_{}", seller.as_uuid().simple()))
    .bind(standing)
    .execute(scene.store().pool())
    .await
    .unwrap();
}

/// Acceptance of both legs: fees earned and payouts queued, in one unit.
async fn accept(scene: &Scene) -> Vec<Payout> {
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let mut queued = Vec::new();
    for leg in &scene.legs {
        fees::earn(&mut unit, leg.leg_id).await.unwrap();
        queued.push(payouts::queue(&mut unit, leg.leg_id).await.unwrap());
    }
    unit.commit().await.unwrap();
    queued
}

async fn send(scene: &Scene, payout: &Payout) -> Result<Value, ApiError> {
    let payments: Arc<dyn rastup_providers::stripe::Payments> = scene.payments.clone();
    let deps = StepDeps { store: scene.store().clone(), payments };
    let input = StepInput::new("do", scene.lbg_id, json!({ "payoutId": payout.payout_id }));
    transfer_step(deps, input, system()).await
}

#[tokio::test]
async fn accepted_legs_earn_their_fee_and_wait_by_their_sellers_standing() {
    let scene = Scene::captured().await;
    give_account(&scene, photographer(), "new").await;
    give_account(&scene, studio_owner(), "trusted").await;
    let queued = accept(&scene).await;
    assert_eq!(accept(&scene).await, queued, "a second acceptance changes nothing");
    let now = scene.store().now();
    let waits: Vec<i64> = queued.iter().map(|payout| (payout.scheduled_for - now).num_days()).collect();
    assert_eq!(waits, [7, 1]);
    for (payout, leg) in queued.iter().zip(&scene.legs) {
        assert_eq!(payout.amount, leg.price.subtotal + leg.price.service_tax);
    }
    let balances = scene.balances().await;
    let fees: i64 = scene.legs.iter().map(|leg| leg.price.platform_fee.0).sum();
    assert_eq!((balances["Deferred:PlatformFees"], balances["Revenue:PlatformFees"]), (0, -fees));
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_seller_of_no_known_standing_waits_two_days() {
    let scene = Scene::captured().await;
    let queued = accept(&scene).await;
    assert_eq!((queued[0].scheduled_for - scene.store().now()).num_days(), 2);
}

#[tokio::test]
async fn an_unpaid_or_returned_leg_earns_nothing_and_is_not_paid_out() {
    let scene = Scene::captured().await;
    scene.undo_capture().await.unwrap();
    let mut unit = scene.store().unit(&system()).await.unwrap();
    for leg in &scene.legs {
        let earned = fees::earn(&mut unit, leg.leg_id).await.unwrap_err();
        assert_eq!(ApiError::from(earned).code, "WRONG_STATE");
        let queued = payouts::queue(&mut unit, leg.leg_id).await.unwrap_err();
        assert_eq!(ApiError::from(queued).code, "WRONG_STATE");
    }
}

#[tokio::test]
async fn a_payout_is_sent_once_and_not_before_its_day() {
    let scene = Scene::captured().await;
    give_account(&scene, photographer(), "trusted").await;
    let payout = accept(&scene).await.remove(0);
    let early = send(&scene, &payout).await.unwrap_err();
    assert_eq!((early.code, early.retryable), ("WRONG_STATE", true));
    assert!(scene.payments.transfers().is_empty());

    scene.world.clock.advance(Duration::days(1));
    assert_eq!(send(&scene, &payout).await.unwrap()["status"], "IN_TRANSIT");
    assert_eq!(send(&scene, &payout).await.unwrap()["status"], "IN_TRANSIT");
    let transfers = scene.payments.transfers();
    assert_eq!(transfers.len(), 1);
    let transfer = transfers.values().next().unwrap();
    assert_eq!(transfer.amount, payout.amount);
    assert_eq!(transfer.transfer_group, scene.lbg_id.to_string());
    assert_eq!(transfer.source_transaction, scene.charge().await.processor_charge_id);
    assert_eq!(scene.balances().await["Cash:Stripe"], scene.payments.balance().0);
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_transfer_whose_answer_is_lost_is_not_made_twice() {
    for fault in [Fault::BeforeEffect, Fault::AfterEffect] {
        let scene = Scene::captured().await;
        give_account(&scene, photographer(), "trusted").await;
        let payout = accept(&scene).await.remove(0);
        scene.world.clock.advance(Duration::days(1));
        scene.payments.fail_next("transfer", fault);
        assert!(send(&scene, &payout).await.unwrap_err().retryable);
        send(&scene, &payout).await.unwrap();
        assert_eq!(scene.payments.transfers().len(), 1);
        assert_eq!(scene.journals().await.iter().filter(|kind| *kind == "payout").count(), 1);
    }
}

#[tokio::test]
async fn a_seller_without_an_account_is_paid_after_getting_one() {
    let scene = Scene::captured().await;
    let payout = accept(&scene).await.remove(0);
    scene.world.clock.advance(Duration::days(2));
    assert_eq!(send(&scene, &payout).await.unwrap_err().code, "WRONG_STATE");
    assert_eq!(scene.events().await.last().unwrap(), "payout.paused");
    give_account(&scene, photographer(), "default").await;
    assert_eq!(send(&scene, &payout).await.unwrap()["status"], "IN_TRANSIT");
}

#[tokio::test]
async fn a_refused_transfer_fails_and_can_be_sent_again() {
    let scene = Scene::captured().await;
    give_account(&scene, photographer(), "trusted").await;
    let payout = accept(&scene).await.remove(0);
    scene.world.clock.advance(Duration::days(1));
    let refusal = PaymentError::Refused { code: "balance_insufficient".to_owned() };
    scene.payments.fail_next("transfer", Fault::Refuse(refusal));
    send(&scene, &payout).await.unwrap_err();
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let payouts = payouts::of_lbg(&mut unit, scene.lbg_id).await.unwrap();
    drop(unit);
    assert!(payouts.iter().any(|payout| payout.status == PayoutStatus::Failed));
    assert_eq!(scene.events().await.last().unwrap(), "payout.failed");
    assert_eq!(send(&scene, &payout).await.unwrap()["status"], "IN_TRANSIT");
}

#[tokio::test]
async fn a_payout_of_another_order_is_not_found() {
    let scene = Scene::captured().await;
    let payout = accept(&scene).await.remove(0);
    let result = payouts::transfer(
        scene.store(),
        scene.payments.as_ref(),
        &system(),
        rastup_types::id::TypedId::from_uuid(uuid::Uuid::from_u128(5)),
        payout.payout_id,
    )
    .await;
    assert_eq!(ApiError::from(result.unwrap_err()).code, "NOT_FOUND");
}
