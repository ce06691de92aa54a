//! The PaymentIntent of a charge: made outside any transaction under a key from the charge's id, so that a retry finds it.

use std::collections::BTreeMap;

use rastup_providers::stripe::{NewPaymentIntent, PaymentIntent, Payments};
use rastup_store::{Caller, Store, sqlx};
use rastup_types::{Cents, ChargeId, Currency, UserId, event::NewEvent};

use super::{Charge, ChargeStatus, get, lock, observe, save};
use crate::{FinanceError, saga};

/// What a client needs to confirm the payment.
#[derive(Clone, PartialEq, Eq)]
pub struct IntentSecret {
    /// The charge.
    pub charge_id: ChargeId,
    /// `pi_…`.
    pub payment_intent_id: String,
    /// Lets the client confirm; never stored, never logged.
    pub client_secret: String,
    /// Cents.
    pub amount: Cents,
    /// Currency of the amount.
    pub currency: Currency,
    /// State of the charge.
    pub status: ChargeStatus,
}

/// Stripe's customer of a buyer, made once. It carries our id only, no personal data.
pub async fn customer(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    user_id: UserId,
) -> Result<String, FinanceError> {
    let known: Option<(String,)> =
        sqlx::query_as("select processor_customer from finance.customer where user_id = $1")
            .bind(user_id)
            .fetch_optional(store.pool())
            .await?;
    if let Some((customer,)) = known {
        return Ok(customer);
    }
    let metadata = BTreeMap::from([("user_id".to_owned(), user_id.to_string())]);
    let made = payments.create_customer(&format!("customer:{user_id}"), metadata).await?;
    let mut unit = store.unit(caller).await?;
    let now = unit.now();
    let (customer,): (String,) = sqlx::query_as(
        "insert into finance.customer (user_id, processor_customer, created_at) values ($1, $2, $3)
         on conflict (user_id) do update set processor_customer = finance.customer.processor_customer
         returning processor_customer",
    )
    .bind(user_id)
    .bind(made)
    .bind(now)
    .fetch_one(unit.conn())
    .await?;
    unit.commit().await?;
    Ok(customer)
}

/// Makes the PaymentIntent of a charge, or reads the one it has. Errors: `NOT_FOUND`, `CHK_ATOMIC_FAIL` when the charge
/// was given up, `TRANSIENT` when Stripe does not answer.
pub async fn create_intent(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    charge_id: ChargeId,
) -> Result<IntentSecret, FinanceError> {
    let charge = get(&mut store.unit(caller).await?, charge_id).await?;
    charge.refuse_if_given_up()?;
    let intent = match &charge.payment_intent_id {
        Some(id) => payments.payment_intent(id).await?,
        None => make(store, payments, caller, &charge).await?,
    };
    let charge = keep(store, caller, charge_id, &intent).await?;
    if charge.refuse_if_given_up().is_err() {
        // Given up while Stripe was asked: nobody else knows of this PaymentIntent, so it is ended here.
        saga::finish_undo(store, payments, caller, charge_id).await?;
        return Err(FinanceError::GivenUp);
    }
    let secret = intent.client_secret.ok_or(FinanceError::WrongState("The payment has no client secret."))?;
    Ok(IntentSecret {
        charge_id,
        payment_intent_id: intent.id,
        client_secret: secret,
        amount: charge.amount,
        currency: charge.currency,
        status: charge.status,
    })
}

async fn make(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    charge: &Charge,
) -> Result<PaymentIntent, FinanceError> {
    let new = NewPaymentIntent {
        amount: charge.amount,
        currency: charge.currency,
        customer: customer(store, payments, caller, charge.buyer_user_id).await?,
        method: charge.method.into(),
        transfer_group: charge.lbg_id.to_string(),
        metadata: saga::metadata(charge),
    };
    Ok(payments.create_payment_intent(&format!("intent:{}", charge.charge_id), &new).await?)
}

/// Notes which PaymentIntent a charge has, and what it says.
async fn keep(
    store: &Store,
    caller: &Caller,
    charge_id: ChargeId,
    intent: &PaymentIntent,
) -> Result<Charge, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut charge = lock(&mut unit, charge_id).await?;
    if charge.payment_intent_id.is_none() {
        charge.payment_intent_id = Some(intent.id.clone());
        save(&mut unit, &charge).await?;
        let event = NewEvent::new("finance", "payment.intent.created")
            .id("lbg_id", charge.lbg_id)
            .id("charge_id", charge.charge_id)
            .user(charge.buyer_user_id)
            .money(charge.amount, charge.currency)
            .fact("status", charge.status.public_name())
            .fact("method", serde_json::json!(charge.method));
        unit.publish(event).await?;
    }
    observe(&mut unit, &mut charge, intent).await?;
    unit.commit().await?;
    Ok(charge)
}

/// Reads the PaymentIntent again and applies what it says. A charge without one stays as it is.
pub async fn refresh(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let charge = get(&mut store.unit(caller).await?, charge_id).await?;
    let Some(id) = &charge.payment_intent_id else { return Ok(charge) };
    let intent = payments.payment_intent(id).await?;
    let mut unit = store.unit(caller).await?;
    let mut charge = lock(&mut unit, charge_id).await?;
    observe(&mut unit, &mut charge, &intent).await?;
    unit.commit().await?;
    Ok(charge)
}

/// Gives up a charge, such as when the order's price or the buyer's method changes: cancelled, or returned when taken.
pub async fn cancel(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let charge = get(&mut store.unit(caller).await?, charge_id).await?;
    saga::undo_capture(store, payments, caller, charge.lbg_id, charge_id).await
}
