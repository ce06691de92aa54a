//! Live status of a checkout: who may follow it, and telling those who do.

use std::sync::Arc;

use async_trait::async_trait;
use finance::charges;
use rastup_runtime::{appsync::AppSync, resolver::Call};
use rastup_store::{Caller, Store};
use rastup_types::{Actor, ApiError, Event, LbgId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{error::BookingError, lifecycle::LegStatus, order, time};

/// What subscribers receive: `CheckoutEvent` of the schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutEvent {
    /// The order.
    pub lbg_id: LbgId,
    /// Name of the domain event.
    pub event: String,
    /// State of the order.
    pub status: LegStatus,
    /// State of its charge, as the schema names it.
    pub charge_status: Option<String>,
    /// Code of the failure, if it is one.
    pub error_code: Option<String>,
    /// When it became true, RFC 3339 in UTC.
    pub occurred_at: String,
}

/// The way to the subscribers.
#[async_trait]
pub trait Subscribers: Send + Sync {
    /// Tells everybody who follows the order.
    async fn tell(&self, event: &CheckoutEvent) -> Result<(), ApiError>;
}

/// Subscribers of our own GraphQL API.
pub struct ApiSubscribers(pub AppSync);

const PUBLISH: &str = "mutation($event: CheckoutEventInput!) { publishCheckoutStatus(event: $event) { \
                       lbgId event status chargeStatus errorCode occurredAt } }";

#[async_trait]
impl Subscribers for ApiSubscribers {
    async fn tell(&self, event: &CheckoutEvent) -> Result<(), ApiError> {
        self.0.mutate(PUBLISH, &json!({ "event": event })).await.map(|_| ())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FollowArgs {
    lbg_id: LbgId,
}

#[derive(Deserialize)]
struct PublishArgs {
    event: CheckoutEvent,
}

/// Answers `Subscription.checkoutStatus` when it begins, and passes `Mutation.publishCheckoutStatus` on.
pub async fn resolve(store: Store, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Subscription", "checkoutStatus") => {
            let args: FollowArgs = call.args()?;
            let actor = &call.caller.actor;
            let mut unit = store.unit(&call.caller).await?;
            let order = order::read(&mut unit, args.lbg_id).await?;
            // How a payment goes is the buyer's alone to know; sellers read their legs with `order`.
            let is_buyer = actor.user_id() == Some(order.group.buyer_user_id);
            if is_buyer { Ok(Value::Null) } else { Err(BookingError::NotFound("order").into()) }
        }
        ("Mutation", "publishCheckoutStatus") => {
            if call.caller.actor != Actor::System {
                return Err(ApiError::forbidden());
            }
            let args: PublishArgs = call.args()?;
            serde_json::to_value(args.event).map_err(ApiError::internal)
        }
        _ => Err(call.unknown_field()),
    }
}

/// What telling subscribers needs.
#[derive(Clone)]
pub struct Telling {
    /// The database.
    pub store: Store,
    /// The way to the subscribers.
    pub subscribers: Arc<dyn Subscribers>,
}

/// `booking_status_worker`: tells the followers of an order how it stands now.
pub async fn follow(deps: Telling, event: Event, caller: Caller) -> Result<(), ApiError> {
    let lbg_id = event.ids.get("lbg_id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let lbg_id: LbgId =
        lbg_id.ok_or_else(|| ApiError::internal(format!("event {} names no order", event.event)))?;
    let mut unit = deps.store.unit(&caller).await?;
    let order = order::read(&mut unit, lbg_id).await?;
    let charge = charges::current(&mut unit, lbg_id).await.map_err(BookingError::from)?;
    drop(unit);
    let told = CheckoutEvent {
        lbg_id,
        event: event.event.clone(),
        status: order.status(),
        charge_status: charge.map(|charge| charge.status.public_name().to_owned()),
        error_code: event.payload.get("error_code").and_then(Value::as_str).map(str::to_owned),
        occurred_at: time::text(event.occurred_at),
    };
    deps.subscribers.tell(&told).await
}
