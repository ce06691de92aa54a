//! Receipts as data for clients, and the worker that makes their PDFs.

use std::sync::Arc;

use rastup_runtime::{Objects, resolver::Call};
use rastup_store::{Caller, Store};
use rastup_types::{ApiError, Event, LbgId, LegId};
use serde::Deserialize;
use serde_json::Value;

use super::id_of;
use crate::receipts;

/// What the resolver needs.
#[derive(Clone)]
pub struct ReceiptDeps {
    /// The database.
    pub store: Store,
    /// The receipts' bucket.
    pub objects: Arc<dyn Objects>,
}

/// What the worker needs.
pub type RenderDeps = ReceiptDeps;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfLeg {
    leg_id: LegId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfLbg {
    lbg_id: LbgId,
}

/// `finance_resolver`.
pub async fn resolver(deps: ReceiptDeps, call: Call) -> Result<Value, ApiError> {
    let actor = &call.caller.actor;
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "receipt") => {
            let OfLeg { leg_id } = call.args()?;
            let mut unit = deps.store.unit(&call.caller).await?;
            let (receipt, refunded) = receipts::of_leg(&mut unit, leg_id, actor).await?;
            unit.commit().await?;
            receipts::leg_json(&receipt, refunded, deps.objects.as_ref()).await
        }
        ("Query", "groupReceipt") => {
            let OfLbg { lbg_id } = call.args()?;
            let mut unit = deps.store.unit(&call.caller).await?;
            let order = receipts::of_lbg(&mut unit, lbg_id, actor).await?;
            unit.commit().await?;
            receipts::group_json(&order, deps.objects.as_ref()).await
        }
        _ => Err(call.unknown_field()),
    }
}

/// `finance_receipt_worker`: on `lbg.confirmed`.
pub async fn receipt_worker(deps: RenderDeps, event: Event, caller: Caller) -> Result<(), ApiError> {
    let lbg_id: LbgId = id_of(&event, "lbg_id")?;
    let made = receipts::render(&deps.store, deps.objects.as_ref(), &caller, lbg_id).await?;
    tracing::info!(%lbg_id, made, "receipts rendered");
    Ok(())
}
