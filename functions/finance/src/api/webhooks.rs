//! Stripe's webhook endpoint and the worker that applies what it stored.

use std::sync::Arc;

use rastup_providers::stripe::Payments;
use rastup_runtime::webhook::HttpRequest;
use rastup_store::{Caller, Store};
use rastup_types::{ApiError, Event, InboxId};

use super::id_of;
use crate::stripe_events;

/// What the endpoint needs.
#[derive(Clone)]
pub struct WebhookDeps {
    /// The database.
    pub store: Store,
    /// Active signing secrets; two while they rotate.
    pub secrets: Arc<[String]>,
}

/// What the worker needs.
#[derive(Clone)]
pub struct EventDeps {
    /// The database.
    pub store: Store,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
}

/// `stripe_webhook`: `POST /webhooks/stripe`.
pub async fn stripe_webhook(
    deps: WebhookDeps,
    request: HttpRequest,
    caller: Caller,
) -> Result<String, ApiError> {
    let header = request.header("stripe-signature");
    stripe_events::receive(&deps.store, &deps.secrets, &caller, header, &request.body).await?;
    Ok("received".to_owned())
}

/// `stripe_event_worker`: on `webhook.stripe.received`.
pub async fn event_worker(deps: EventDeps, event: Event, caller: Caller) -> Result<(), ApiError> {
    let inbox_id: InboxId = id_of(&event, "inbox_id")?;
    stripe_events::process(&deps.store, deps.payments.as_ref(), &caller, inbox_id).await?;
    Ok(())
}
