//! Prints and sends the documents of new packs, and withdraws the envelopes of packs that ended.

use rastup_store::Caller;
use rastup_types::{ApiError, Event};

use crate::{Issuer, cancel_envelopes, issue};

/// Handles one event.
pub async fn handle(issuer: Issuer, event: Event, caller: Caller) -> Result<(), ApiError> {
    let pack_id = super::id(&event, "pack_id")?;
    match event.event.as_str() {
        "doc.pack.create" => issue(&issuer, &caller, pack_id).await?,
        "doc.pack.superseded" | "doc.pack.voided" => cancel_envelopes(&issuer, &caller, pack_id).await?,
        _ => return Err(super::unexpected(&event)),
    }
    Ok(())
}
