//! Receipts through `finance_resolver` and `finance_receipt_worker`: frozen, equal to the charge, and for whom.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use finance::{
    Method,
    api::{ReceiptDeps, receipt_worker, resolver},
    receipts, saga,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use rastup_runtime::{Objects, resolver::Call};
use rastup_store::{Caller, sqlx};
use rastup_testkit::{caller, system, user};
use rastup_types::{Actor, ApiError, Cents, Event, Role};
use serde_json::{Value, json};

use crate::scene::{PHOTOGRAPHER_CENTS, STUDIO_CENTS, Scene, buyer, photographer, studio_owner};

#[derive(Default)]
pub(crate) struct Bucket(pub(crate) Mutex<BTreeMap<String, Vec<u8>>>);

#[async_trait]
impl Objects for Bucket {
    async fn put(&self, key: &str, _content_type: &str, content: Vec<u8>) -> Result<(), ApiError> {
        self.0.lock().unwrap().insert(key.to_owned(), content);
        Ok(())
    }
    async fn get(&self, key: &str) -> Result<Vec<u8>, ApiError> {
        self.0.lock().unwrap().get(key).cloned().ok_or_else(|| ApiError::not_found("object"))
    }
    async fn presigned_url(&self, key: &str) -> Result<String, ApiError> {
        Ok(format!("https://bucket.example/{key}"))
    }
}

async fn freeze(scene: &Scene) {
    let mut unit = scene.store().unit(&system()).await.unwrap();
    receipts::freeze(&mut unit, &scene.snapshot()).await.unwrap();
    unit.commit().await.unwrap();
}

async fn confirmed() -> (Scene, ReceiptDeps, Arc<Bucket>) {
    let scene = Scene::captured().await;
    freeze(&scene).await;
    let bucket = Arc::new(Bucket::default());
    let deps = ReceiptDeps { store: scene.store().clone(), objects: bucket.clone() };
    (scene, deps, bucket)
}

async fn ask(deps: &ReceiptDeps, field: &str, arguments: Value, who: Caller) -> Result<Value, ApiError> {
    resolver(deps.clone(), Call::new("Query", field, who, arguments)).await
}

async fn group(deps: &ReceiptDeps, scene: &Scene) -> Value {
    ask(deps, "groupReceipt", json!({ "lbgId": scene.lbg_id }), caller(buyer(), &[Role::Buyer]))
        .await
        .unwrap()
}

fn lbg_confirmed(scene: &Scene) -> Event {
    serde_json::from_value(json!({
        "event_id": "evt_00000000000000000000000000000001", "event": "lbg.confirmed", "v": 1,
        "occurred_at": "2026-06-01T12:00:00Z", "corr_id": "test-correlation",
        "ids": { "lbg_id": scene.lbg_id }, "payload": {},
    }))
    .unwrap()
}

#[tokio::test]
async fn a_receipt_says_what_was_agreed_and_paid() {
    let (scene, deps, _) = confirmed().await;
    let group = group(&deps, &scene).await;
    assert_eq!(group["totalCents"], json!(scene.total()));
    assert_eq!(group["subtotalCents"], PHOTOGRAPHER_CENTS + STUDIO_CENTS);
    assert_eq!(group["depositAuthCents"], 30_000);
    assert_eq!(group["paymentMethod"], "CARD");
    assert_eq!(group["paymentIntentId"], json!(scene.charge().await.payment_intent_id));
    let leg = &group["legs"][0];
    assert_eq!(leg["legType"], "TALENT");
    assert_eq!(leg["lines"][0]["amountCents"], PHOTOGRAPHER_CENTS);
    assert_eq!(leg["documents"][0]["sha256"], "ab".repeat(32));
    assert_eq!(leg["taxLines"][0]["jurisdiction"], "State of Texas");
    assert_eq!(leg["cancellationPolicy"][0]["fromHours"], 72);
    assert_eq!(leg["startAt"], "2026-06-10T15:00:00.000Z");
    assert_eq!(leg["refundedCents"], 0);
    assert_eq!(group["pdfUrl"], Value::Null, "not rendered yet");
}

#[tokio::test]
async fn quote_charge_receipt_and_ledger_are_the_same_to_the_cent() {
    let mut runner = TestRunner::deterministic();
    let strategy = (1i64..3_000_000, 1i64..900_000);
    for _ in 0..12 {
        let (person, place) = strategy.new_tree(&mut runner).unwrap().current();
        let scene = Scene::priced(Method::AchDebit, person, place).await;
        let intent = scene.intent().await;
        scene.payments.buyer_pays(&intent.payment_intent_id);
        scene.capture().await.unwrap();
        saga::commit_tax(scene.store(), &system(), scene.lbg_id, scene.charge_id).await.unwrap();
        freeze(&scene).await;
        let deps = ReceiptDeps { store: scene.store().clone(), objects: Arc::new(Bucket::default()) };
        let group = group(&deps, &scene).await;

        let quoted = scene.total();
        assert_eq!(scene.charge().await.captured, quoted, "{person} {place}");
        assert_eq!(scene.payments.balance(), quoted, "{person} {place}");
        assert_eq!(group["totalCents"], json!(quoted), "{person} {place}");
        let splits: i64 =
            group["legs"].as_array().unwrap().iter().map(|l| l["splitCents"].as_i64().unwrap()).sum();
        assert_eq!(Cents(splits), quoted, "{person} {place}");
        let balances = scene.balances().await;
        assert_eq!(Cents(balances["Cash:Stripe"]), quoted, "{person} {place}");
        assert_eq!(balances.values().sum::<i64>(), 0, "{person} {place}");
    }
}

#[tokio::test]
async fn a_receipt_over_another_price_or_before_the_money_is_refused() {
    let unpaid = Scene::authorized(Method::Card).await;
    let mut unit = unpaid.store().unit(&system()).await.unwrap();
    let early = receipts::freeze(&mut unit, &unpaid.snapshot()).await.unwrap_err();
    assert_eq!(ApiError::from(early).code, "CHK_CARD_ACTION_REQUIRED");

    let scene = Scene::captured().await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let mut dearer = scene.snapshot();
    dearer.legs[0].price.total += Cents(1);
    let mut fewer = scene.snapshot();
    fewer.legs.pop();
    let mut moved = scene.snapshot();
    moved.legs[0].price.platform_fee += Cents(1);
    moved.legs[0].price.service_tax += Cents(-1);
    for wrong in [dearer, fewer, moved] {
        let error = receipts::freeze(&mut unit, &wrong).await.unwrap_err();
        assert_eq!(ApiError::from(error).code, "INTERNAL");
    }
}

#[tokio::test]
async fn freezing_twice_keeps_the_first_and_nothing_thaws_it() {
    let (scene, deps, _) = confirmed().await;
    let first = group(&deps, &scene).await;
    scene.world.clock.advance(chrono::Duration::hours(1));
    freeze(&scene).await;
    assert_eq!(group(&deps, &scene).await, first);
    for change in ["update finance.receipt set snapshot = '{}'", "delete from finance.receipt"] {
        let error = sqlx::query(change).execute(scene.store().pool()).await.unwrap_err();
        assert!(error.to_string().contains("frozen"), "{change}");
    }
}

#[tokio::test]
async fn who_may_see_which_receipt() {
    let (scene, deps, _) = confirmed().await;
    let staff = |role| caller(user(9), &[role]);
    let anonymous = Caller { actor: Actor::Anonymous, corr_id: "test-correlation".to_owned() };
    for (who, name, of_person, of_place, of_order) in [
        (caller(buyer(), &[Role::Buyer]), "buyer", true, true, true),
        (caller(photographer(), &[Role::Seller]), "photographer", true, false, false),
        (caller(studio_owner(), &[Role::StudioOwner]), "studio owner", false, true, false),
        (caller(user(8), &[Role::Buyer, Role::Seller]), "stranger", false, false, false),
        (staff(Role::FinanceOps), "finance", true, true, true),
        (staff(Role::Support), "support", true, true, true),
        (staff(Role::Engineering), "engineering", false, false, false),
        (anonymous, "nobody", false, false, false),
    ] {
        let leg = |index: usize| json!({ "legId": scene.legs[index].leg_id });
        for (field, arguments, allowed) in [
            ("receipt", leg(0), of_person),
            ("receipt", leg(1), of_place),
            ("groupReceipt", json!({ "lbgId": scene.lbg_id }), of_order),
        ] {
            let answer = ask(&deps, field, arguments, who.clone()).await;
            let code = answer.as_ref().err().map(|error| error.code);
            assert_eq!(code, (!allowed).then_some("NOT_FOUND"), "{name} {field}");
        }
    }
}

#[tokio::test]
async fn what_staff_reads_of_others_is_in_the_audit_trail() {
    let (scene, deps, _) = confirmed().await;
    let support = || caller(user(9), &[Role::Support]);
    // A party who is staff as well reads their own.
    let selling_staff = || caller(photographer(), &[Role::Seller, Role::Support]);
    let leg = json!({ "legId": scene.legs[0].leg_id });
    let order = json!({ "lbgId": scene.lbg_id });
    let mut read = Vec::new();
    for (field, arguments, who, audited) in [
        ("receipt", &leg, caller(buyer(), &[Role::Buyer]), false),
        ("receipt", &leg, selling_staff(), false),
        ("receipt", &leg, support(), true),
        ("groupReceipt", &order, caller(buyer(), &[Role::Buyer]), false),
        ("groupReceipt", &order, support(), true),
        ("groupReceipt", &order, selling_staff(), true),
    ] {
        let reader = who.actor.key();
        let receipt = ask(&deps, field, arguments.clone(), who).await.unwrap();
        if audited {
            read.push((reader, receipt["receiptId"].as_str().unwrap().to_owned()));
        }
    }
    let refused = ask(&deps, "receipt", leg, caller(user(8), &[Role::Buyer])).await;
    assert!(refused.is_err());
    let kept: Vec<(String, String)> = sqlx::query_as(
        "select actor, target from platform.audit_log where action = 'receipt.read' order by seq",
    )
    .fetch_all(scene.store().pool())
    .await
    .unwrap();
    assert_eq!(kept, read);
}

#[tokio::test]
async fn bad_arguments_are_refused_by_name() {
    let (_scene, deps, _) = confirmed().await;
    let who = || caller(buyer(), &[Role::Buyer]);
    let unknown = "leg_00000000000000000000000000000009";
    for (field, arguments, code) in [
        ("receipt", json!({}), "INPUT_INVALID"),
        ("receipt", json!({ "legId": 7 }), "INPUT_INVALID"),
        ("receipt", json!({ "legId": "leg_7" }), "INPUT_INVALID"),
        ("receipt", json!({ "legId": "lbg_00000000000000000000000000000009" }), "INPUT_INVALID"),
        ("receipt", json!({ "legId": "x".repeat(100_000) }), "INPUT_INVALID"),
        ("receipt", json!({ "legId": unknown }), "NOT_FOUND"),
        ("groupReceipt", json!({ "lbgId": unknown }), "INPUT_INVALID"),
        ("groupReceipt", json!({ "lbgId": "lbg_00000000000000000000000000000009" }), "NOT_FOUND"),
        ("other", json!({}), "INTERNAL"),
    ] {
        let error = ask(&deps, field, arguments, who()).await.unwrap_err();
        assert_eq!(error.code, code, "{field}");
    }
}

#[tokio::test]
async fn the_worker_makes_each_pdf_once_and_stores_its_hash() {
    let (scene, deps, bucket) = confirmed().await;
    receipt_worker(deps.clone(), lbg_confirmed(&scene), system()).await.unwrap();
    let first = bucket.0.lock().unwrap().clone();
    assert_eq!(first.len(), 3, "two legs and the order");
    assert!(first.values().all(|pdf| pdf.starts_with(b"%PDF-")));
    let group = group(&deps, &scene).await;
    let key = format!("receipts/{}/{}.pdf", scene.lbg_id, group["receiptId"].as_str().unwrap());
    assert_eq!(group["pdfUrl"], format!("https://bucket.example/{key}"));
    assert_eq!(group["pdfSha256"], rastup_pdf::sha256_hex(&first[&key]));

    bucket.0.lock().unwrap().clear();
    receipt_worker(deps.clone(), lbg_confirmed(&scene), system()).await.unwrap();
    assert!(bucket.0.lock().unwrap().is_empty(), "nothing is left to make");
}

#[tokio::test]
async fn a_pdf_made_again_after_a_crash_has_the_same_bytes() {
    let (scene, deps, bucket) = confirmed().await;
    receipt_worker(deps.clone(), lbg_confirmed(&scene), system()).await.unwrap();
    let first = bucket.0.lock().unwrap().clone();
    // As if the worker had been killed between the bucket and the database.
    sqlx::query("alter table finance.receipt disable trigger receipt_is_frozen")
        .execute(scene.store().pool())
        .await
        .unwrap();
    sqlx::query("update finance.receipt set pdf_key = null, pdf_sha256 = null")
        .execute(scene.store().pool())
        .await
        .unwrap();
    receipt_worker(deps, lbg_confirmed(&scene), system()).await.unwrap();
    assert_eq!(*bucket.0.lock().unwrap(), first);
}

#[tokio::test]
async fn the_worker_reports_an_order_that_has_no_receipts() {
    let scene = Scene::captured().await;
    let deps = ReceiptDeps { store: scene.store().clone(), objects: Arc::new(Bucket::default()) };
    let error = receipt_worker(deps, lbg_confirmed(&scene), system()).await.unwrap_err();
    assert_eq!(error.code, "NOT_FOUND");
}
