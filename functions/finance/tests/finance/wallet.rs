//! §1.9.M row 3 and §1.22.15 row 1: wallets, through `finance_wallet_resolver` and `finance_wallet_step`.

use std::sync::Arc;

use finance::{
    Method,
    api::{StepDeps, capture_step, wallet_resolver, wallet_step},
    charges, receipts, wallet,
};
use rastup_providers::stripe::Payments;
use rastup_runtime::{resolver::Call, step::StepInput};
use rastup_store::{Caller, Store, sqlx};
use rastup_testkit::{World, assert_outbox_matches_schemas, caller, system, user};
use rastup_types::{ApiError, Cents, LbgId, Role, id::TypedId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{Scene, buyer, give};

async fn balance(store: &Store) -> i64 {
    let mut unit = store.unit(&system()).await.unwrap();
    wallet::of_user(&mut unit, buyer()).await.unwrap().balance.0
}

async fn ask(store: &Store, who: Caller, parent: &str, field: &str, args: Value) -> Result<Value, ApiError> {
    wallet_resolver(store.clone(), Call::new(parent, field, who, args)).await
}

async fn step(scene: &Scene, action: &str) -> Result<Value, ApiError> {
    let input = StepInput::new(action, scene.lbg_id, json!({ "chargeId": scene.charge_id }));
    wallet_step(scene.store().clone(), input, system()).await
}

async fn undo_capture(scene: &Scene) {
    let payments: Arc<dyn Payments> = scene.payments.clone();
    let deps = StepDeps { store: scene.store().clone(), payments };
    let input = StepInput::new("undo", scene.lbg_id, json!({ "chargeId": scene.charge_id }));
    capture_step(deps, input, system()).await.unwrap();
}

fn support(number: u128) -> Caller {
    caller(user(number), &[Role::Support])
}

#[tokio::test]
async fn a_refund_residual_is_credited_once_and_pays_at_the_next_checkout() {
    let scene = Scene::with_wallet(Method::Card, 20_000, 15_000).await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    assert!(!give(&mut unit, buyer(), 20_000, "held").await, "the same key again");
    unit.commit().await.unwrap();
    assert_eq!(balance(scene.store()).await, 5_000);
    assert_eq!(scene.charge().await.amount, scene.total() - Cents(15_000));
    assert_eq!(step(&scene, "do").await.unwrap()["appliedCents"], 15_000);

    let intent = scene.intent().await;
    assert_eq!(intent.amount, scene.total() - Cents(15_000));
    scene.payments.buyer_pays(&intent.payment_intent_id);
    scene.refresh().await;
    scene.capture().await.unwrap();
    let balances = scene.balances().await;
    assert_eq!(balances["Liability:BuyerWallet"], -5_000, "what the wallet still holds");
    assert_eq!(balances["Cash:Stripe"], scene.total().0 - 15_000);
    assert_eq!(balances.values().sum::<i64>(), 0);
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn card_happy_path_with_credit_shows_it_on_the_receipt() {
    let scene = Scene::with_wallet(Method::Card, 15_001, 15_001).await;
    let intent = scene.intent().await;
    scene.payments.buyer_pays(&intent.payment_intent_id);
    scene.refresh().await;
    scene.capture().await.unwrap();
    let mut unit = scene.store().unit(&system()).await.unwrap();
    receipts::freeze(&mut unit, &scene.snapshot()).await.unwrap();
    unit.commit().await.unwrap();
    let rows: Vec<(i64,)> = sqlx::query_as(
        "select (snapshot->>'fromCredit')::bigint from finance.receipt where leg_id is not null",
    )
    .fetch_all(scene.store().pool())
    .await
    .unwrap();
    assert_eq!(rows.iter().map(|(cents,)| cents).sum::<i64>(), 15_001);
}

#[tokio::test]
async fn a_checkout_given_up_before_or_after_the_capture_gives_the_wallet_back_once() {
    for captured in [false, true] {
        let scene = Scene::with_wallet(Method::Card, 10_000, 10_000).await;
        let intent = scene.intent().await;
        scene.payments.buyer_pays(&intent.payment_intent_id);
        scene.refresh().await;
        if captured {
            scene.capture().await.unwrap();
        }
        assert_eq!(balance(scene.store()).await, 0);
        undo_capture(&scene).await;
        assert_eq!(balance(scene.store()).await, 10_000);
        for _ in 0..2 {
            assert_eq!(step(&scene, "undo").await.unwrap()["returnedCents"], 10_000);
        }
        assert_eq!(balance(scene.store()).await, 10_000, "given back once");
        assert_eq!(scene.balances().await["Liability:BuyerWallet"], -10_000);
        assert_eq!(scene.payments.held_or_taken(), Cents::ZERO);
        assert_outbox_matches_schemas(scene.store()).await;
    }
}

#[tokio::test]
async fn a_payment_that_lapses_gives_the_wallet_back() {
    let scene = Scene::with_wallet(Method::Card, 10_000, 10_000).await;
    let intent = scene.intent().await;
    scene.payments.buyer_pays(&intent.payment_intent_id);
    scene.refresh().await;
    scene.payments.cancel("by-hand", &intent.payment_intent_id).await.unwrap();
    scene.refresh().await;
    assert_eq!(balance(scene.store()).await, 10_000);
}

#[tokio::test]
async fn the_step_refuses_a_charge_whose_debit_is_missing() {
    let scene = Scene::new(Method::Card).await;
    assert_eq!(step(&scene, "do").await.unwrap()["appliedCents"], 0);
    let funded = Scene::with_wallet(Method::Card, 700, 700).await;
    sqlx::query("alter table finance.wallet_txn disable trigger all")
        .execute(funded.store().pool())
        .await
        .unwrap();
    sqlx::query("delete from finance.wallet_txn where kind = 'debit'")
        .execute(funded.store().pool())
        .await
        .unwrap();
    assert_eq!(step(&funded, "do").await.unwrap_err().code, "INTERNAL");
}

#[tokio::test]
async fn an_applied_wallet_is_stale_at_another_price_and_short_after_another_checkout() {
    let scene = Scene::new(Method::Card).await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let none = wallet::apply(&mut unit, scene.lbg_id, buyer(), scene.total(), Cents(100)).await.unwrap_err();
    assert_eq!(ApiError::from(none).code, "WALLET_INSUFFICIENT_FUNDS");
    give(&mut unit, buyer(), 5_000, "residual").await;
    let mut splits = scene.new_charge(Method::Card).splits;
    let applied = wallet::apply(&mut unit, scene.lbg_id, buyer(), Cents(1_000), Cents(9_000)).await.unwrap();
    assert_eq!(applied, Cents(950), "fifty cents stay on the card");
    let stale = wallet::fund(&mut unit, scene.lbg_id, &mut splits).await.unwrap_err();
    assert_eq!(ApiError::from(stale).code, "WALLET_STALE_APPLY");

    let (price, other) = (scene.total(), LbgId::from_uuid(Uuid::from_u128(5)));
    for lbg_id in [scene.lbg_id, other] {
        assert_eq!(
            wallet::apply(&mut unit, lbg_id, buyer(), price, Cents(5_000)).await.unwrap(),
            Cents(5_000)
        );
    }
    let mut first = scene.new_charge(Method::Card);
    first.lbg_id = other;
    wallet::fund(&mut unit, other, &mut first.splits).await.unwrap();
    charges::open(&mut unit, &first).await.unwrap();
    let mut second = first.clone();
    second.lbg_id = LbgId::from_uuid(Uuid::from_u128(6));
    let short = charges::open(&mut unit, &second).await.unwrap_err();
    assert_eq!(ApiError::from(short).code, "WALLET_INSUFFICIENT_FUNDS");
}

#[tokio::test]
async fn parallel_checkouts_never_overdraw_a_wallet() {
    let scene = Scene::new(Method::Card).await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    give(&mut unit, buyer(), 10_000, "residual").await;
    unit.commit().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12u128 {
        let (store, mut new) = (scene.store().clone(), scene.new_charge(Method::Card));
        new.lbg_id = LbgId::from_uuid(Uuid::from_u128(1_000 + number));
        wallet::allocate(&mut new.splits, Cents(3_000), Cents::ZERO);
        tasks.spawn(async move {
            let mut unit = store.unit(&system()).await.unwrap();
            match charges::open(&mut unit, &new).await {
                Ok(_) => {
                    unit.commit().await.unwrap();
                    1
                }
                Err(error) => {
                    assert_eq!(ApiError::from(error).code, "WALLET_INSUFFICIENT_FUNDS");
                    0
                }
            }
        });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<i32>(), 3);
    assert_eq!(balance(scene.store()).await, 1_000);
    let (sum,): (i64,) = sqlx::query_as("select sum(delta_cents)::bigint from finance.wallet_txn")
        .fetch_one(scene.store().pool())
        .await
        .unwrap();
    assert_eq!(sum, 1_000, "the movements make the balance");
}

#[tokio::test]
async fn goodwill_within_the_cap_is_given_alone_and_beyond_it_by_two() {
    let world = World::new().await;
    let store = &world.store;
    let args = |cents: i64, key: &str| json!({ "userId": buyer(), "amountCents": cents, "reason": "late studio", "clientRequestId": key });
    let adjust = |who, cents, key| ask(store, who, "Mutation", "adminWalletAdjust", args(cents, key));
    let first = adjust(support(70), 50_000, "a").await.unwrap();
    assert_eq!((&first["decision"]["status"], &first["balanceCents"]), (&json!("DONE"), &json!(50_000)));
    assert_eq!(adjust(support(70), 50_000, "a").await.unwrap()["balanceCents"], 50_000, "the same call");
    assert_eq!(adjust(support(70), 1, "a").await.unwrap_err().code, "IDEMPOTENCY_CONFLICT");
    assert_eq!(adjust(support(70), 1, "b").await.unwrap()["decision"]["status"], "WAITS");
    assert_eq!(adjust(support(70), 1, "b").await.unwrap()["decision"]["status"], "WAITS", "the same person");
    assert_eq!(balance(store).await, 50_000);
    assert_eq!(adjust(support(71), -60_000, "c").await.unwrap()["decision"]["status"], "WAITS");
    assert_eq!(adjust(support(72), -60_000, "c").await.unwrap_err().code, "WALLET_INSUFFICIENT_FUNDS");
    assert_eq!(adjust(support(71), -20_000, "d").await.unwrap()["decision"]["status"], "WAITS");
    assert_eq!(adjust(support(72), -20_000, "d").await.unwrap()["balanceCents"], 30_000);
    for bad in [0, 1_000_001] {
        assert_eq!(adjust(support(70), bad, "e").await.unwrap_err().code, "INPUT_INVALID");
    }
    let stranger = caller(user(9), &[Role::Buyer]);
    assert_eq!(adjust(stranger, 100, "f").await.unwrap_err().code, "FORBIDDEN");
    assert_outbox_matches_schemas(store).await;
}

#[tokio::test]
async fn an_owner_reads_balance_and_movements_by_page_and_nobody_elses() {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    for number in 0..5 {
        give(&mut unit, buyer(), 100 + number, &format!("k{number}")).await;
    }
    unit.commit().await.unwrap();
    let me = || caller(buyer(), &[Role::Buyer]);
    let wallet = ask(&world.store, me(), "Query", "myWallet", json!({})).await.unwrap();
    assert_eq!(wallet["balanceCents"], 510);
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let args = json!({ "limit": 2, "nextToken": token });
        let page = ask(&world.store, me(), "Query", "myWalletTxns", args).await.unwrap();
        seen.extend(page["items"].as_array().unwrap().iter().map(|txn| txn["amountCents"].as_i64().unwrap()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, [104, 103, 102, 101, 100]);
    let other = ask(&world.store, caller(user(9), &[]), "Query", "myWallet", json!({})).await.unwrap();
    assert_eq!(other["balanceCents"], 0);
    let page = ask(&world.store, me(), "Query", "myWalletTxns", json!({ "limit": 101 })).await;
    assert_eq!(page.unwrap_err().code, "INPUT_INVALID");
    let nobody = ask(&world.store, system(), "Query", "myWallet", json!({})).await;
    assert_eq!(nobody.unwrap_err().code, "FORBIDDEN");
}
