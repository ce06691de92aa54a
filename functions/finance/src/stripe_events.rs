//! Stripe's webhooks: believed by their signature, stored once without personal data, and applied from the queue.
//!
//! An event only says that something happened. What is true is asked of Stripe again, so that late, repeated and reordered
//! deliveries end in the same state.

use rastup_providers::stripe::{PaymentIntent, Payments, Refund, RefundStatus, signature};
use rastup_store::{
    Caller, Store, Unit,
    inbox::{self, Outcome},
    sqlx,
};
use rastup_types::{ChargeId, InboxId, PayoutId, event::NewEvent};
use serde_json::{Map, Value};

use crate::{ChargeStatus, FinanceError, charges, payouts, refunds, saga};

/// Fields of an event's object that are kept: what processing reads, and nothing that names a person or is a secret.
const KEPT: &[&str] = &[
    "id",
    "object",
    "status",
    "amount",
    "amount_received",
    "amount_refunded",
    "currency",
    "charge",
    "payment_intent",
    "destination",
    "transfer_group",
    "metadata",
];
const IDENTIFIER_LENGTH_MAX: usize = 255;

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value[field].as_str().filter(|text| !text.is_empty() && text.len() <= IDENTIFIER_LENGTH_MAX)
}

/// Checks a webhook and stores it; the same event stored twice is one event. `body` is the raw body, `header` the
/// `Stripe-Signature`. Errors: `INVALID_SIGNATURE`, `INPUT_INVALID`; then nothing is stored.
pub async fn receive(
    store: &Store,
    secrets: &[String],
    caller: &Caller,
    header: Option<&str>,
    body: &[u8],
) -> Result<(), FinanceError> {
    let header = header.ok_or(FinanceError::InvalidSignature)?;
    signature::verify(body, header, secrets, store.now().timestamp()).map_err(|reason| {
        tracing::warn!(%reason, "webhook refused");
        FinanceError::InvalidSignature
    })?;
    let event: Value = serde_json::from_slice(body).map_err(|_| FinanceError::UnreadableWebhook)?;
    let id = text(&event, "id").ok_or(FinanceError::UnreadableWebhook)?;
    let kind = text(&event, "type").ok_or(FinanceError::UnreadableWebhook)?;
    let mut unit = store.unit(caller).await?;
    if let Some(inbox_id) = inbox::store(&mut unit, "stripe", id, kind, &kept(&event)).await? {
        let event = NewEvent::new("finance", "webhook.stripe.received").id("inbox_id", inbox_id);
        unit.publish(event.fact("kind", kind)).await?;
        unit.commit().await?;
    }
    Ok(())
}

fn kept(event: &Value) -> Value {
    let object = &event["data"]["object"];
    let fields = KEPT.iter().filter(|field| !object[**field].is_null());
    let object: Map<String, Value> =
        fields.map(|field| ((*field).to_owned(), object[*field].clone())).collect();
    serde_json::json!({
        "id": event["id"], "type": event["type"], "created": event["created"],
        "api_version": event["api_version"], "livemode": event["livemode"],
        "data": { "object": object },
    })
}

/// What a stored webhook is about.
enum Subject {
    /// A PaymentIntent; which charge it belongs to, Stripe says.
    Payment(String),
    /// A refund, and the charge that we named when we asked for it.
    Refund(Refund, Option<ChargeId>),
    Transfer {
        transfer_id: String,
        payout_id: PayoutId,
    },
    /// Of no interest here: kept, and that is all.
    Other,
}

fn subject(kind: &str, object: &Value) -> Subject {
    let id = || text(object, "id").map(str::to_owned);
    match kind {
        "payment_intent.amount_capturable_updated"
        | "payment_intent.canceled"
        | "payment_intent.payment_failed"
        | "payment_intent.processing"
        | "payment_intent.requires_action"
        | "payment_intent.succeeded" => id().map_or(Subject::Other, Subject::Payment),
        "refund.created" | "refund.updated" | "refund.failed" => match (id(), text(object, "status")) {
            (Some(id), Some(status)) => {
                let charge_id = text(&object["metadata"], "charge_id").and_then(|id| id.parse().ok());
                Subject::Refund(Refund { id, status: RefundStatus::from_name(status) }, charge_id)
            }
            _ => Subject::Other,
        },
        "transfer.created" => {
            let payout_id = text(&object["metadata"], "payout_id").and_then(|id| id.parse().ok());
            match (id(), payout_id) {
                (Some(transfer_id), Some(payout_id)) => Subject::Transfer { transfer_id, payout_id },
                _ => Subject::Other,
            }
        }
        _ => Subject::Other,
    }
}

/// Applies a stored webhook; one that was applied before changes nothing. Error: `TRANSIENT` when Stripe does not answer,
/// or when the refund it tells of is not written down yet; the queue then delivers it again.
pub async fn process(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    inbox_id: InboxId,
) -> Result<(), FinanceError> {
    let mut unit = store.unit(caller).await?;
    let Some(received) = inbox::lock(&mut unit, inbox_id).await? else { return Ok(()) };
    drop(unit);
    if received.processed {
        return Ok(());
    }
    let subject = subject(&received.kind, &received.body["data"]["object"]);
    // Asked before the transaction begins: a provider is never called inside one.
    let intent = match &subject {
        Subject::Payment(id) => known_intent(store, payments, id).await?,
        Subject::Refund(..) | Subject::Transfer { .. } | Subject::Other => None,
    };
    let mut unit = store.unit(caller).await?;
    match inbox::lock(&mut unit, inbox_id).await? {
        Some(again) if !again.processed => {}
        Some(_) | None => return Ok(()),
    }
    let mut unfinished = None;
    let applied = match (&subject, intent) {
        (Subject::Payment(_), Some((charge_id, intent))) => {
            unfinished = apply_intent(&mut unit, charge_id, &intent).await?;
            true
        }
        (Subject::Refund(refund, charge_id), _) => apply_refund(&mut unit, refund, *charge_id).await?,
        (Subject::Transfer { transfer_id, payout_id }, _) => {
            match payouts::arrived(&mut unit, *payout_id, transfer_id).await {
                Err(FinanceError::NoSuchPayout) => false,
                other => other?,
            }
        }
        (Subject::Payment(_), None) | (Subject::Other, _) => false,
    };
    let outcome = if applied { Outcome::Applied } else { Outcome::Ignored };
    if let Some(charge_id) = unfinished {
        // The webhook is marked only after the undo has ended, so that a failed undo is delivered again.
        drop(unit);
        saga::finish_undo(store, payments, caller, charge_id).await?;
        unit = store.unit(caller).await?;
    }
    inbox::mark_processed(&mut unit, inbox_id, outcome).await?;
    unit.commit().await?;
    Ok(())
}

/// The PaymentIntent as it is now, with the charge it belongs to; none when it is not a charge's, such as a deposit hold.
async fn known_intent(
    store: &Store,
    payments: &dyn Payments,
    intent_id: &str,
) -> Result<Option<(ChargeId, PaymentIntent)>, FinanceError> {
    let intent = payments.payment_intent(intent_id).await?;
    // Our own note may come later than the webhook, so what we attached at creation decides.
    let Some(charge_id) = intent.metadata.get("charge_id").and_then(|id| id.parse::<ChargeId>().ok()) else {
        return Ok(None);
    };
    let known: Option<(Option<String>,)> =
        sqlx::query_as("select payment_intent_id from finance.charge where charge_id = $1")
            .bind(charge_id)
            .fetch_optional(store.pool())
            .await?;
    Ok(match known {
        Some((None,)) => Some((charge_id, intent)),
        Some((Some(id),)) if id == intent.id => Some((charge_id, intent)),
        Some((Some(_),)) | None => None,
    })
}

/// Applies what Stripe says of a refund; answers whether anything changed. Error: `TRANSIENT` when the undo that asked for
/// it has not written it down yet.
async fn apply_refund(
    unit: &mut Unit,
    refund: &Refund,
    charge_id: Option<ChargeId>,
) -> Result<bool, FinanceError> {
    // Locked first: the undo writes the refund down and ends the charge in one transaction, which is seen whole.
    let charge = match charge_id {
        Some(charge_id) => match charges::lock(unit, charge_id).await {
            Err(FinanceError::NoSuchCharge) => None,
            found => Some(found?),
        },
        None => None,
    };
    let applied = refunds::settle(unit, refund).await?;
    let being_undone = charge.is_some_and(|charge| charge.status == ChargeStatus::Undoing);
    // News that it is under way says nothing that the undo will not write down by itself.
    if !applied && being_undone && refund.status != RefundStatus::Pending {
        return Err(FinanceError::RefundNotRecorded);
    }
    Ok(applied)
}

/// Applies a PaymentIntent to its charge; answers with the charge when its undo waits for this news.
async fn apply_intent(
    unit: &mut Unit,
    charge_id: ChargeId,
    intent: &PaymentIntent,
) -> Result<Option<ChargeId>, FinanceError> {
    let mut charge = charges::lock(unit, charge_id).await?;
    charges::observe(unit, &mut charge, intent).await?;
    Ok((charge.status == ChargeStatus::Undoing).then_some(charge_id))
}
