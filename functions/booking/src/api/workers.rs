//! The queue workers: what happens to packs and payments elsewhere, and what it means for an order.

use rastup_store::{Caller, Store};
use rastup_types::{ApiError, ChargeId, Event, LbgId};
use serde_json::Value;

use crate::{
    contract::{self, PackNews},
    payment::{self, Cashier},
};

fn unexpected(event: &Event) -> ApiError {
    ApiError::internal(format!("no handler for event {}", event.event))
}

fn without_subject(event: &Event) -> ApiError {
    ApiError::internal(format!("event {} does not say what it is about", event.event))
}

/// `booking_docs_worker`: a pack is signed, or does not bind any more.
pub async fn docs(store: Store, event: Event, caller: Caller) -> Result<(), ApiError> {
    let news = match event.event.as_str() {
        "doc.pack.signed" => PackNews::Signed,
        "doc.pack.superseded" | "doc.pack.voided" => PackNews::Lost,
        _ => return Err(unexpected(&event)),
    };
    let (leg_id, pack_id) = contract::subject(&event).ok_or_else(|| without_subject(&event))?;
    Ok(contract::follow_pack(&store, &caller, leg_id, pack_id, news).await?)
}

/// `booking_payment_worker`: the charge stands, or has failed.
pub async fn payment(cashier: Cashier, event: Event, caller: Caller) -> Result<(), ApiError> {
    let (lbg_id, charge_id) = charge_of(&event).ok_or_else(|| without_subject(&event))?;
    match event.event.as_str() {
        "payment.intent.authorized" | "payment.intent.succeeded" => {
            Ok(payment::follow_success(&cashier, &caller, lbg_id, charge_id).await?)
        }
        "payment.intent.failed" => Ok(payment::follow_failure(&cashier, &caller, lbg_id, charge_id).await?),
        _ => Err(unexpected(&event)),
    }
}

fn charge_of(event: &Event) -> Option<(LbgId, ChargeId)> {
    let id = |key: &str| event.ids.get(key).and_then(Value::as_str);
    Some((id("lbg_id")?.parse().ok()?, id("charge_id")?.parse().ok()?))
}
