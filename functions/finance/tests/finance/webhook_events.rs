//! `stripe_event_worker`: late, repeated, reordered and unknown deliveries end in the same state.

use std::sync::Arc;

use finance::{
    ChargeStatus, Method,
    api::{EventDeps, event_worker},
    fees, payouts,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rastup_providers::stripe::{Fault, Payments};
use rastup_store::{Store, sqlx};
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events, system};
use rastup_types::{ApiError, Cents, Event};
use serde_json::{Value, json};

use crate::{
    scene::{Scene, photographer},
    webhook_endpoint::deliver_signed,
};

fn about(id: &str, kind: &str, object: Value) -> Value {
    json!({ "id": id, "object": "event", "type": kind, "data": { "object": object } })
}

/// Stores a webhook and answers with the event that tells the worker of it.
async fn stored(store: &Store, webhook: &Value) -> Event {
    deliver_signed(store, webhook).await.unwrap();
    let told = outbox_events(store).await.into_iter().rev();
    let mut told = told.filter(|event| event.event == "webhook.stripe.received");
    told.next().unwrap()
}

async fn apply(scene: &Scene, event: &Event) -> Result<(), ApiError> {
    let payments: Arc<dyn Payments> = scene.payments.clone();
    event_worker(EventDeps { store: scene.store().clone(), payments }, event.clone(), system()).await
}

async fn receive(scene: &Scene, webhook: Value) {
    let event = stored(scene.store(), &webhook).await;
    apply(scene, &event).await.unwrap();
}

async fn outcome(scene: &Scene, id: &str) -> Option<String> {
    let (outcome,): (Option<String>,) =
        sqlx::query_as("select outcome from platform.webhook_inbox where provider_event_id = $1")
            .bind(id)
            .fetch_one(scene.store().pool())
            .await
            .unwrap();
    outcome
}

async fn paying(method: Method) -> (Scene, String) {
    let scene = Scene::new(method).await;
    let intent = scene.intent().await.payment_intent_id;
    (scene, intent)
}

#[tokio::test]
async fn a_webhook_resumes_a_payment_after_authentication() {
    let (scene, intent) = paying(Method::Card).await;
    scene.payments.buyer_must_authenticate(&intent);
    receive(&scene, about("evt_1", "payment_intent.requires_action", json!({ "id": intent }))).await;
    assert_eq!(scene.charge().await.status, ChargeStatus::RequiresAction);
    scene.payments.buyer_pays(&intent);
    let kind = "payment_intent.amount_capturable_updated";
    receive(&scene, about("evt_2", kind, json!({ "id": intent }))).await;
    assert_eq!(scene.charge().await.status, ChargeStatus::Authorized);
    let events = scene.events().await;
    assert!(events.contains(&"payment.intent.requires_action".to_owned()));
    assert_eq!(events.last().unwrap(), "payment.intent.authorized");
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_bank_debit_goes_from_processing_to_succeeded() {
    let (scene, intent) = paying(Method::AchDebit).await;
    scene.payments.buyer_starts_debit(&intent);
    receive(&scene, about("evt_1", "payment_intent.processing", json!({ "id": intent }))).await;
    assert_eq!(scene.charge().await.status, ChargeStatus::Processing);
    scene.payments.buyer_pays(&intent);
    receive(&scene, about("evt_2", "payment_intent.succeeded", json!({ "id": intent }))).await;
    let charge = scene.charge().await;
    assert_eq!((charge.status, charge.captured), (ChargeStatus::Succeeded, scene.total()));
    assert_eq!(scene.journals().await, ["capture"]);
    let events = scene.events().await;
    assert!(events.contains(&"payment.intent.succeeded".to_owned()), "{events:?}");
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn an_event_delivered_twice_is_applied_once() {
    let (scene, intent) = paying(Method::Card).await;
    scene.payments.buyer_is_declined(&intent, "card_declined");
    let webhook = about("evt_1", "payment_intent.payment_failed", json!({ "id": intent }));
    let event = stored(scene.store(), &webhook).await;
    for _ in 0..3 {
        apply(&scene, &event).await.unwrap();
    }
    // The same news under another id: Stripe's state has not changed, so nothing is told again.
    receive(&scene, about("evt_2", "payment_intent.payment_failed", json!({ "id": intent }))).await;
    let failed = scene.events().await.into_iter().filter(|name| name == "payment.intent.failed");
    assert_eq!(failed.count(), 1);
}

#[tokio::test]
async fn a_webhook_that_overtakes_our_own_note_of_the_payment_is_applied() {
    let (scene, intent) = paying(Method::Card).await;
    scene.payments.buyer_pays(&intent);
    sqlx::query("update finance.charge set payment_intent_id = null")
        .execute(scene.store().pool())
        .await
        .unwrap();
    let kind = "payment_intent.amount_capturable_updated";
    receive(&scene, about("evt_1", kind, json!({ "id": intent }))).await;
    let charge = scene.charge().await;
    assert_eq!(charge.status, ChargeStatus::Authorized);
    assert_eq!(charge.payment_intent_id, Some(intent));
}

#[tokio::test]
async fn what_arrives_in_any_order_ends_in_the_same_state() {
    // Each order of four kinds of news, with repetitions, about a payment that by now is captured.
    let kinds = [
        "payment_intent.requires_action",
        "payment_intent.payment_failed",
        "payment_intent.amount_capturable_updated",
        "payment_intent.succeeded",
    ];
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(0..kinds.len(), 4..10);
    for round in 0..6 {
        let order = strategy.new_tree(&mut runner).unwrap().current();
        let scene = Scene::captured().await;
        let intent = scene.charge().await.payment_intent_id.unwrap();
        let before = (scene.events().await.len(), scene.balances().await);
        for (index, kind) in order.iter().enumerate() {
            let id = format!("evt_{round}_{index}");
            receive(&scene, about(&id, kinds[*kind], json!({ "id": intent }))).await;
        }
        assert_eq!(scene.charge().await.status, ChargeStatus::Captured, "{order:?}");
        let domain = scene.events().await.into_iter().filter(|name| name != "webhook.stripe.received");
        assert_eq!((domain.count(), scene.balances().await), before, "{order:?}");
    }
}

#[tokio::test]
async fn news_of_a_capture_may_come_before_the_captures_own_answer() {
    let scene = Scene::authorized(Method::Card).await;
    scene.payments.fail_next("capture", Fault::AfterEffect);
    scene.capture().await.unwrap_err();
    let intent = scene.charge().await.payment_intent_id.unwrap();
    receive(&scene, about("evt_1", "payment_intent.succeeded", json!({ "id": intent }))).await;
    assert_eq!(scene.charge().await.status, ChargeStatus::Captured);
    scene.capture().await.unwrap();
    assert_eq!(scene.journals().await, ["capture"]);
}

#[tokio::test]
async fn news_after_the_undo_does_not_bring_the_charge_back() {
    let scene = Scene::captured().await;
    let intent = scene.charge().await.payment_intent_id.unwrap();
    scene.undo_capture().await.unwrap();
    let before = scene.events().await.len();
    for (id, kind) in [("evt_1", "payment_intent.succeeded"), ("evt_2", "payment_intent.canceled")] {
        receive(&scene, about(id, kind, json!({ "id": intent }))).await;
    }
    assert_eq!(scene.charge().await.status, ChargeStatus::Refunded);
    let told = scene.events().await.into_iter().filter(|name| name.starts_with("payment."));
    assert!(told.count() <= before);
    assert_eq!(scene.journals().await, ["capture", "refund"]);
}

#[tokio::test]
async fn an_undo_that_had_to_wait_for_a_bank_debit_is_finished_by_its_webhook() {
    let (scene, intent) = paying(Method::AchDebit).await;
    scene.payments.buyer_starts_debit(&intent);
    scene.refresh().await;
    assert_eq!(scene.undo_capture().await.unwrap().status, ChargeStatus::Undoing);

    scene.payments.buyer_pays(&intent);
    let webhook = about("evt_1", "payment_intent.succeeded", json!({ "id": intent }));
    let event = stored(scene.store(), &webhook).await;
    scene.payments.fail_next("refund", Fault::BeforeEffect);
    assert_eq!(apply(&scene, &event).await.unwrap_err().code, "TRANSIENT");
    assert_eq!(outcome(&scene, "evt_1").await, None, "it is delivered again");
    apply(&scene, &event).await.unwrap();
    assert_eq!(scene.charge().await.status, ChargeStatus::Refunded);
    assert_eq!(scene.payments.held_or_taken(), Cents::ZERO);
    assert!(scene.balances().await.values().all(|balance| *balance == 0));
}

#[tokio::test]
async fn unknown_events_and_foreign_payments_are_kept_and_ignored() {
    let (scene, _) = paying(Method::Card).await;
    let hold = scene
        .payments
        .place_hold(
            "deposit:1",
            &rastup_providers::stripe::NewHold {
                amount: Cents(30_000),
                currency: rastup_types::Currency::USD,
                customer: "cus_1".to_owned(),
                payment_method: "pm_1".to_owned(),
                metadata: Default::default(),
            },
        )
        .await
        .unwrap();
    receive(&scene, about("evt_1", "invoice.paid", json!({ "id": "in_1" }))).await;
    receive(&scene, about("evt_2", "payment_intent.succeeded", json!({}))).await;
    receive(&scene, about("evt_3", "payment_intent.succeeded", json!({ "id": hold.id }))).await;
    receive(&scene, about("evt_4", "refund.updated", json!({ "id": "re_x", "status": "succeeded" }))).await;
    let stranger =
        json!({ "id": "tr_x", "metadata": { "payout_id": "pay_00000000000000000000000000000009" } });
    receive(&scene, about("evt_5", "transfer.created", stranger)).await;
    for id in ["evt_1", "evt_2", "evt_3", "evt_4", "evt_5"] {
        assert_eq!(outcome(&scene, id).await.as_deref(), Some("ignored"), "{id}");
    }
    assert_eq!(scene.charge().await.status, ChargeStatus::RequiresAction);
}

#[tokio::test]
async fn an_event_without_an_inbox_entry_changes_nothing() {
    let (scene, intent) = paying(Method::Card).await;
    let webhook = about("evt_1", "payment_intent.succeeded", json!({ "id": intent }));
    let mut event = stored(scene.store(), &webhook).await;
    event.ids.insert("inbox_id".to_owned(), json!("inb_00000000000000000000000000000009"));
    apply(&scene, &event).await.unwrap();
    event.ids.remove("inbox_id");
    assert_eq!(apply(&scene, &event).await.unwrap_err().code, "INTERNAL");
    assert_eq!(outcome(&scene, "evt_1").await, None);
}

#[tokio::test]
async fn a_refund_ends_as_stripe_says_and_never_becomes_pending_again() {
    let scene = Scene::captured().await;
    scene.payments.refunds_stay_pending();
    scene.undo_capture().await.unwrap();
    let (refund,): (String,) = sqlx::query_as("select distinct processor_refund from finance.refund")
        .fetch_one(scene.store().pool())
        .await
        .unwrap();
    let statuses = || async {
        let rows: Vec<(String,)> = sqlx::query_as("select status from finance.refund")
            .fetch_all(scene.store().pool())
            .await
            .unwrap();
        rows.into_iter().map(|(status,)| status).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["pending", "pending"]);
    for (id, status) in [("evt_1", "succeeded"), ("evt_2", "pending"), ("evt_3", "succeeded")] {
        receive(&scene, about(id, "refund.updated", json!({ "id": refund, "status": status }))).await;
    }
    assert_eq!(statuses().await, ["succeeded", "succeeded"]);
    assert_eq!(scene.events().await.iter().filter(|name| *name == "refund.succeeded").count(), 2);
    receive(&scene, about("evt_4", "refund.failed", json!({ "id": refund, "status": "failed" }))).await;
    assert_eq!(statuses().await, ["failed", "failed"]);
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn news_of_a_refund_that_is_not_written_down_yet_is_delivered_again() {
    let scene = Scene::captured().await;
    scene.payments.refunds_stay_pending();
    scene.payments.fail_next("refund", Fault::AfterEffect);
    scene.undo_capture().await.unwrap_err();
    let intent = scene.charge().await.payment_intent_id.unwrap();
    let refund = scene.payments.refunds(&intent).await.unwrap().remove(0);
    let told = |status: &str, charge_id: &str| json!({ "id": refund.refund.id, "status": status, "metadata": { "charge_id": charge_id } });
    let ours = scene.charge_id.to_string();
    let event = stored(scene.store(), &about("evt_1", "refund.updated", told("succeeded", &ours))).await;
    let error = apply(&scene, &event).await.unwrap_err();
    assert!(error.retryable, "{error:?}");
    assert_eq!(outcome(&scene, "evt_1").await, None, "it is delivered again");
    // Neither what is only under way nor what is a stranger's is worth the wait.
    receive(&scene, about("evt_2", "refund.created", told("pending", &ours))).await;
    let stranger = "chg_00000000000000000000000000000009";
    receive(&scene, about("evt_3", "refund.updated", told("succeeded", stranger))).await;
    for id in ["evt_2", "evt_3"] {
        assert_eq!(outcome(&scene, id).await.as_deref(), Some("ignored"), "{id}");
    }

    scene.undo_capture().await.unwrap();
    apply(&scene, &event).await.unwrap();
    assert_eq!(outcome(&scene, "evt_1").await.as_deref(), Some("applied"));
    assert_eq!(scene.events().await.iter().filter(|name| *name == "refund.succeeded").count(), 2);
}

#[tokio::test]
async fn a_transfers_webhook_settles_its_payout_before_or_after_our_own_note() {
    for webhook_first in [false, true] {
        let scene = Scene::captured().await;
        sqlx::query("insert into finance.connect_account (seller_user_id, account_id) values ($1, 'acct_1')")
            .bind(photographer())
            .execute(scene.store().pool())
            .await
            .unwrap();
        let mut unit = scene.store().unit(&system()).await.unwrap();
        fees::earn(&mut unit, scene.legs[0].leg_id).await.unwrap();
        let payout = payouts::queue(&mut unit, scene.legs[0].leg_id).await.unwrap();
        unit.commit().await.unwrap();
        scene.world.clock.advance(chrono::Duration::days(2));
        if webhook_first {
            scene.payments.fail_next("transfer", Fault::AfterEffect);
        }
        let send = || {
            payouts::transfer(scene.store(), scene.payments.as_ref(), &CALLER, scene.lbg_id, payout.payout_id)
        };
        assert_eq!(send().await.is_err(), webhook_first);
        let transfer_id = scene.payments.transfers().keys().next().unwrap().clone();
        let object = json!({ "id": transfer_id, "metadata": { "payout_id": payout.payout_id } });
        receive(&scene, about("evt_1", "transfer.created", object.clone())).await;
        receive(&scene, about("evt_2", "transfer.created", object)).await;
        assert_eq!(send().await.unwrap().status, payouts::PayoutStatus::Paid);
        let paid = scene.events().await.into_iter().filter(|name| name == "payout.paid");
        assert_eq!(paid.count(), 1);
        assert_eq!(scene.journals().await.iter().filter(|kind| *kind == "payout").count(), 1);
        assert_outbox_matches_schemas(scene.store()).await;
    }
}

static CALLER: std::sync::LazyLock<rastup_store::Caller> = std::sync::LazyLock::new(system);
