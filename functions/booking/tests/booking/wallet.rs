//! The wallet at checkout, through `booking_checkout_resolver` and the confirmation's steps.

use finance::wallet::{self, Credit, Source};
use rastup_testkit::{assert_outbox_matches_schemas, system, user};
use rastup_types::{Cents, LbgId};
use serde_json::{Value, json};

use crate::support::{BUYER, Market, SOON, buyer, rival};

async fn give(market: &Market, cents: i64) {
    let mut unit = market.store().unit(&system()).await.unwrap();
    let credit = Credit {
        user_id: user(BUYER),
        amount: Cents(cents),
        source: Source::RefundResidual,
        lbg_id: None,
        leg_id: None,
        key: "given",
    };
    wallet::credit(&mut unit, &credit).await.unwrap();
    unit.commit().await.unwrap();
}

async fn balance(market: &Market) -> i64 {
    let mut unit = market.store().unit(&system()).await.unwrap();
    wallet::of_user(&mut unit, user(BUYER)).await.unwrap().balance.0
}

fn up_to(lbg_id: LbgId, cents: i64) -> Value {
    json!({ "draftId": lbg_id, "maxCents": cents })
}

#[tokio::test]
async fn an_order_paid_partly_by_wallet_is_confirmed_and_charged_the_rest() {
    let market = Market::open().await;
    give(&market, 10_000).await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let applied = market.call(&buyer(), "applyWalletToCheckout", up_to(lbg_id, 8_000)).await.unwrap();
    assert_eq!(applied["appliedCents"], 8_000);
    assert_eq!(balance(&market).await, 10_000, "asked for, not taken");
    let charge_id = market.pay(&buyer(), lbg_id).await;
    assert_eq!(balance(&market).await, 2_000);
    let again = market.call(&buyer(), "applyWalletToCheckout", up_to(lbg_id, 0)).await;
    assert_eq!(again.unwrap_err().code, "WRONG_STATE");
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
    assert_eq!(market.stripe.balance().0, applied["toChargeCents"].as_i64().unwrap());
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn a_studio_that_joins_later_makes_the_applied_wallet_stale() {
    let market = Market::open().await;
    give(&market, 10_000).await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.call(&buyer(), "applyWalletToCheckout", up_to(lbg_id, 8_000)).await.unwrap();
    market.attach(&buyer(), lbg_id).await.unwrap();
    market.sign(&buyer(), lbg_id).await;
    let stale = market.intent(&buyer(), lbg_id, "CARD").await.unwrap_err();
    assert_eq!(stale.code, "WALLET_STALE_APPLY");
    assert_eq!(balance(&market).await, 10_000);
    market.call(&buyer(), "applyWalletToCheckout", up_to(lbg_id, 8_000)).await.unwrap();
    market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    assert_eq!(balance(&market).await, 2_000);
}

#[tokio::test]
async fn an_empty_wallet_and_somebody_elses_order_are_refused() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    let apply = |who, cents| market.call(who, "applyWalletToCheckout", up_to(lbg_id, cents));
    let (me, other) = (buyer(), rival());
    assert_eq!(apply(&me, 100).await.unwrap_err().code, "WALLET_INSUFFICIENT_FUNDS");
    assert_eq!(apply(&me, -1).await.unwrap_err().code, "INPUT_INVALID");
    assert_eq!(apply(&other, 100).await.unwrap_err().code, "NOT_FOUND");
}
