//! Paying: documents first, one payment per order, and what each answer of the provider leads to.

use chrono::Duration;
use rastup_providers::stripe::{Fault, PaymentError};
use rastup_testkit::assert_outbox_matches_schemas;
use serde_json::{Value, json};

use crate::support::{LATER, Market, SOON, buyer, code};

async fn confirm(market: &Market, lbg_id: rastup_types::LbgId) -> Result<Value, rastup_types::ApiError> {
    market.call(&buyer(), "confirmPayment", json!({ "draftId": lbg_id })).await
}

#[tokio::test]
async fn nothing_is_charged_before_every_document_is_signed() {
    let market = Market::open().await;
    let lbg_id = market.start(&buyer(), SOON).await;
    market.attach(&buyer(), lbg_id).await.unwrap();
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "CHK_DOCS_REQUIRED");
    let packs = market.call(&buyer(), "createDocPack", json!({ "draftId": lbg_id })).await.unwrap();
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "CHK_DOCS_REQUIRED");
    market.sign_pack(packs["packs"][0]["packId"].as_str().unwrap()).await;
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "CHK_DOCS_REQUIRED");
    assert_eq!(market.stripe.calls("create_payment_intent"), 0);
    assert_eq!(market.blocks().await, []);
}

#[tokio::test]
async fn a_repeated_payment_is_the_same_payment() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let args = json!({ "draftId": lbg_id, "method": { "type": "CARD" }, "clientRequestId": "pay-1" });
    let first = market.call(&buyer(), "createPaymentIntent", args.clone()).await.unwrap();
    market.world.clock.advance(Duration::minutes(10));
    let again = market.call(&buyer(), "createPaymentIntent", args).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(first["amountCents"], market.order(lbg_id).await["totalCents"]);
    assert_eq!(first["holdExpiresAt"], "2026-06-01T12:30:00.000Z");
    assert_eq!(market.intent(&buyer(), lbg_id, "CARD").await.unwrap(), first);

    let other = json!({ "draftId": lbg_id, "method": { "type": "ACH_DEBIT" }, "clientRequestId": "pay-1" });
    assert_eq!(code(market.call(&buyer(), "createPaymentIntent", other).await), "IDEMPOTENCY_CONFLICT");
}

#[tokio::test]
async fn a_lost_answer_of_the_provider_leads_to_the_same_payment() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    for operation in ["create_payment_intent", "create_setup_intent"] {
        market.stripe.fail_next(operation, Fault::AfterEffect);
        let error = market.intent(&buyer(), lbg_id, "CARD").await.unwrap_err();
        assert!(error.retryable, "{operation}: {error:?}");
    }
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    assert_eq!(market.intent(&buyer(), lbg_id, "CARD").await.unwrap(), payable);
    assert_eq!(market.count("payment.intent.created").await, 1);
}

#[tokio::test]
async fn a_bank_debit_keeps_the_time_for_a_week_but_not_beyond_the_start() {
    let market = Market::open().await;
    let near = market.ready_to_pay(&buyer(), SOON).await;
    let far = market.ready_to_pay(&buyer(), LATER).await;
    let until = |payable: Value| payable["holdExpiresAt"].as_str().unwrap().to_owned();
    assert_eq!(until(market.intent(&buyer(), near, "ACH_DEBIT").await.unwrap()), "2026-06-03T15:00:00.000Z");
    assert_eq!(until(market.intent(&buyer(), far, "ACH_DEBIT").await.unwrap()), "2026-06-08T12:00:00.000Z");
}

#[tokio::test]
async fn confirming_tells_the_buyer_what_is_missing() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    assert_eq!(code(confirm(&market, lbg_id).await), "WRONG_STATE");
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    let intent = payable["paymentIntentId"].as_str().unwrap();
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_CARD_ACTION_REQUIRED");
    market.stripe.buyer_must_authenticate(intent);
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_CARD_ACTION_REQUIRED");
    market.stripe.buyer_is_declined(intent, "insufficient_funds");
    let declined = confirm(&market, lbg_id).await.unwrap_err();
    assert_eq!(declined.code, "PAYMENT_FAILED");
    assert_eq!(declined.details.unwrap()["declineCode"], "insufficient_funds");

    // Another card on the same payment goes through; the deposit's card is still to be saved.
    market.stripe.buyer_pays(intent);
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_CARD_ACTION_REQUIRED");
    assert!(market.sagas.names().is_empty());
    market.stripe.buyer_saves_card(payable["depositSetupIntentId"].as_str().unwrap()).unwrap();
    let answer = confirm(&market, lbg_id).await.unwrap();
    assert_eq!(answer["confirming"], true);
    assert_eq!(answer["chargeStatus"], "AUTHORIZED");
    assert_outbox_matches_schemas(market.store()).await;
}

#[tokio::test]
async fn the_confirmation_starts_once_however_often_it_is_asked_for() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    confirm(&market, lbg_id).await.unwrap();
    let ids = json!({ "lbg_id": lbg_id, "charge_id": charge_id });
    market.hear("payment.intent.authorized", ids.clone()).await.unwrap();
    market.hear("payment.intent.authorized", ids.clone()).await.unwrap();
    assert_eq!(market.sagas.names(), [format!("{lbg_id}-{charge_id}")]);

    market.run_saga(lbg_id, charge_id).await.unwrap();
    let answer = confirm(&market, lbg_id).await.unwrap();
    assert_eq!((answer["status"].as_str(), answer["confirming"].as_bool()), (Some("CONFIRMED"), Some(false)));
    market.hear("payment.intent.authorized", ids).await.unwrap();
    assert_eq!(market.sagas.names().len(), 1);
}

#[tokio::test]
async fn a_webhook_alone_resumes_after_three_d_secure() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    let ids = json!({ "lbg_id": lbg_id, "charge_id": payable["chargeId"] });
    market.stripe.buyer_pays(payable["paymentIntentId"].as_str().unwrap());
    // Without the deposit's card it waits for the buyer.
    market.hear("payment.intent.authorized", ids.clone()).await.unwrap();
    assert!(market.sagas.names().is_empty());
    market.stripe.buyer_saves_card(payable["depositSetupIntentId"].as_str().unwrap()).unwrap();
    market.hear("payment.intent.authorized", ids).await.unwrap();
    assert_eq!(market.sagas.names().len(), 1);
}

#[tokio::test]
async fn a_bank_debit_is_waited_for_and_then_confirms_by_itself() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), LATER).await;
    let payable = market.intent(&buyer(), lbg_id, "ACH_DEBIT").await.unwrap();
    let intent = payable["paymentIntentId"].as_str().unwrap();
    market.stripe.buyer_saves_card(payable["depositSetupIntentId"].as_str().unwrap()).unwrap();
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_ACH_NOT_VERIFIED");
    market.stripe.buyer_starts_debit(intent);
    let waiting = confirm(&market, lbg_id).await.unwrap();
    assert_eq!(
        (waiting["chargeStatus"].as_str(), waiting["confirming"].as_bool()),
        (Some("PROCESSING"), Some(false))
    );
    assert!(market.sagas.names().is_empty());

    market.stripe.buyer_pays(intent);
    let ids = json!({ "lbg_id": lbg_id, "charge_id": payable["chargeId"] });
    market.hear("payment.intent.succeeded", ids).await.unwrap();
    assert_eq!(market.sagas.names().len(), 1);
    let charge_id = payable["chargeId"].as_str().unwrap().parse().unwrap();
    confirm(&market, lbg_id).await.unwrap();
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
}

#[tokio::test]
async fn a_bank_debit_that_succeeds_without_a_card_for_the_deposit_is_returned_whole() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), LATER).await;
    let payable = market.intent(&buyer(), lbg_id, "ACH_DEBIT").await.unwrap();
    let intent = payable["paymentIntentId"].as_str().unwrap();
    market.stripe.buyer_starts_debit(intent);
    // The buyer hears of the missing card while there is time to give one.
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_CARD_ACTION_REQUIRED");
    market.stripe.buyer_pays(intent);
    assert_eq!(code(confirm(&market, lbg_id).await), "CHK_CARD_ACTION_REQUIRED");
    let ids = json!({ "lbg_id": lbg_id, "charge_id": payable["chargeId"] });
    market.hear("payment.intent.succeeded", ids).await.unwrap();
    assert_eq!(market.sagas.names().len(), 1, "money that is taken does not wait");
    let charge_id = payable["chargeId"].as_str().unwrap().parse().unwrap();
    let refused = market.run_saga(lbg_id, charge_id).await.unwrap_err();
    market.unwind(lbg_id, charge_id, refused.code).await;
    market.assert_undone(lbg_id).await;
}

#[tokio::test]
async fn late_news_of_an_earlier_payment_leaves_the_next_one_alone() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let first = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    market.stripe.authorisation_lapses(first["paymentIntentId"].as_str().unwrap());
    confirm(&market, lbg_id).await.unwrap_err();
    let charge_id = market.pay(&buyer(), lbg_id).await;
    let late = json!({ "lbg_id": lbg_id, "charge_id": first["chargeId"] });
    market.hear("payment.intent.failed", late).await.unwrap();
    assert_eq!(market.order(lbg_id).await["lastErrorCode"], Value::Null);
    market.run_saga(lbg_id, charge_id).await.unwrap();
    assert_eq!(market.status(lbg_id).await, "CONFIRMED");
}

#[tokio::test]
async fn a_declined_attempt_keeps_the_time_and_a_lapsed_one_frees_it() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let payable = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    let intent = payable["paymentIntentId"].as_str().unwrap();
    let ids = json!({ "lbg_id": lbg_id, "charge_id": payable["chargeId"] });
    market.stripe.buyer_is_declined(intent, "card_declined");
    confirm(&market, lbg_id).await.unwrap_err();
    market.hear("payment.intent.failed", ids.clone()).await.unwrap();
    assert_eq!(market.order(lbg_id).await["lastErrorCode"], "PAYMENT_FAILED");
    assert_eq!(market.blocks().await.len(), 2);

    market.stripe.authorisation_lapses(intent);
    confirm(&market, lbg_id).await.unwrap_err();
    market.hear("payment.intent.failed", ids).await.unwrap();
    assert_eq!(market.blocks().await, []);
    let next = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    assert_ne!(next["chargeId"], payable["chargeId"]);
    assert_ne!(next["depositSetupIntentId"], payable["depositSetupIntentId"]);
    assert_eq!(market.order(lbg_id).await["lastErrorCode"], Value::Null);
}

#[tokio::test]
async fn a_buyer_may_change_from_card_to_bank_before_paying_but_not_after() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), LATER).await;
    let card = market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
    let bank = market.intent(&buyer(), lbg_id, "ACH_DEBIT").await.unwrap();
    assert_ne!(card["chargeId"], bank["chargeId"]);
    market.stripe.buyer_starts_debit(bank["paymentIntentId"].as_str().unwrap());
    market.stripe.buyer_saves_card(bank["depositSetupIntentId"].as_str().unwrap()).unwrap();
    confirm(&market, lbg_id).await.unwrap();
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "WRONG_STATE");
}

#[tokio::test]
async fn a_provider_that_refuses_leaves_an_order_that_can_be_paid_later() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    let down = PaymentError::Unavailable("down".to_owned());
    market.stripe.fail_next("create_payment_intent", Fault::Refuse(down));
    assert_eq!(market.intent(&buyer(), lbg_id, "CARD").await.unwrap_err().code, "TRANSIENT");
    market.intent(&buyer(), lbg_id, "CARD").await.unwrap();
}

#[tokio::test]
async fn nothing_is_paid_or_changed_once_the_time_has_come() {
    let market = Market::open().await;
    let lbg_id = market.ready_to_pay(&buyer(), SOON).await;
    market.world.clock.advance(Duration::days(3));
    assert_eq!(code(market.intent(&buyer(), lbg_id, "CARD").await), "WRONG_STATE");
}
