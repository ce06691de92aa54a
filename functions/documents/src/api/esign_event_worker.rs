//! Follows the envelope that a stored callback names.

use rastup_store::Caller;
use rastup_types::{ApiError, Event};

use crate::{Issuer, follow_envelope};

/// Handles one event.
pub async fn handle(issuer: Issuer, event: Event, caller: Caller) -> Result<(), ApiError> {
    match event.event.as_str() {
        "webhook.esign.received" => {
            follow_envelope(&issuer, &caller, super::id(&event, "inbox_id")?).await?;
            Ok(())
        }
        _ => Err(super::unexpected(&event)),
    }
}
