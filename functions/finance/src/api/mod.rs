//! Handlers of the Lambdas: each maps one event to a use case and its result back.

mod close;
mod decision;
mod exports;
mod fees;
mod receipts;
mod steps;
mod wallet;
mod webhooks;

use rastup_types::{ApiError, Event};
use serde::de::DeserializeOwned;

pub use close::{CloseDeps, close_resolver, daily_close};
pub use exports::{ExportDeps, exports_resolver, make_statements};
pub use fees::{FeeDeps, fees_resolver};
pub use receipts::{ReceiptDeps, RenderDeps, receipt_worker, resolver};
pub use steps::{StepDeps, capture_step, tax_step, transfer_step, wallet_step};
pub use wallet::wallet_resolver;
pub use webhooks::{EventDeps, WebhookDeps, event_worker, stripe_webhook};

/// An id that the event must carry; without it the event is not one of ours.
fn id_of<I: DeserializeOwned>(event: &Event, name: &str) -> Result<I, ApiError> {
    let id = event.ids.get(name).cloned().unwrap_or_default();
    serde_json::from_value(id).map_err(ApiError::internal)
}
