//! Chores of the platform itself: the outbox relay and the migrations. No business rules.

use rastup_runtime::Relay;
use rastup_store::{MIGRATIONS, Store};
use rastup_types::ApiError;
use serde_json::{Value, json};

/// Events younger than this are left to the request that wrote them.
const SETTLED_SECONDS: i64 = 10;

/// Publishes the events that their request could not publish.
pub async fn relay_left_behind(relay: &Relay) -> Result<Value, ApiError> {
    let published = relay.drain(chrono::Duration::seconds(SETTLED_SECONDS)).await?;
    Ok(json!({ "published": published }))
}

/// Brings the database to the newest migration; running it again changes nothing.
pub async fn migrate(store: &Store) -> Result<Value, ApiError> {
    MIGRATIONS.run(store.pool()).await.map_err(ApiError::internal)?;
    Ok(json!({ "migrations": MIGRATIONS.iter().count() }))
}
