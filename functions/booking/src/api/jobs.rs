//! The scheduled jobs: what time alone makes due.

use rastup_store::{Caller, Store};
use rastup_types::ApiError;
use serde_json::{Value, json};

use crate::{
    calendar,
    deposit_hold::{self, Desk},
    invite, request,
};

/// `hold_expiry_job`: deletes calendar holds past their end, so that the calendar shows what is free.
pub async fn expire_holds(store: Store, caller: Caller) -> Result<Value, ApiError> {
    let mut unit = store.unit(&caller).await?;
    let expired = calendar::expire(&mut unit).await?;
    unit.commit().await?;
    Ok(json!({ "expired": expired }))
}

/// `deposit_hold_job`: places the deposits' card holds whose session is near.
pub async fn place_deposits(desk: Desk, caller: Caller) -> Result<Value, ApiError> {
    let done = deposit_hold::place_due(&desk, &caller).await?;
    Ok(json!({ "placed": done.placed, "refused": done.refused, "unknown": done.unknown }))
}

/// `request_expiry_job`: ends requests that nobody answered in time, and invites past their end.
pub async fn expire_requests(store: Store, caller: Caller) -> Result<Value, ApiError> {
    let swept = request::sweep(&store, &caller).await?;
    let closed = invite::sweep(&store, &caller).await?;
    Ok(json!({ "expired": swept.expired, "left": swept.left, "invitesClosed": closed }))
}
