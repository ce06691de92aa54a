//! Takes callbacks of the e-signature service: verified, stored once, answered at once, followed later.

use rastup_providers::esign::Callback;
use rastup_runtime::webhook::HttpRequest;
use rastup_store::{Caller, Store, inbox};
use rastup_types::{ApiError, event::NewEvent};

use crate::DocumentError;

/// The answer that the provider wants; anything else makes it send the callback again.
pub const ACKNOWLEDGEMENT: &str = "Hello API Event Received";

/// What the Lambda needs.
#[derive(Clone)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// Key of the callbacks' hashes.
    pub api_key: String,
}

/// Handles one request. Error: `ENVELOPE_HMAC_INVALID`, with nothing stored.
pub async fn handle(deps: Deps, request: HttpRequest, caller: Caller) -> Result<String, ApiError> {
    receive(&deps, &request, &caller).await?;
    Ok(ACKNOWLEDGEMENT.to_owned())
}

async fn receive(deps: &Deps, request: &HttpRequest, caller: &Caller) -> Result<(), DocumentError> {
    let callback = Callback::read(request.header("content-type").unwrap_or_default(), &request.body)?;
    callback.verify(&deps.api_key, deps.store.now())?;
    // Only the ids are kept: the rest of the body is covered by no signature, and names people.
    let body = serde_json::to_value(&callback).map_err(|error| DocumentError::Library(error.to_string()))?;
    let mut unit = deps.store.unit(caller).await?;
    let stored = inbox::store(&mut unit, "esign", &callback.event_id(), &callback.event_type, &body).await?;
    if let Some(inbox_id) = stored {
        let event = NewEvent::new("documents", "webhook.esign.received").id("inbox_id", inbox_id);
        unit.publish(event.fact("kind", callback.event_type)).await?;
    }
    unit.commit().await?;
    Ok(())
}
