//! Ending requests that nobody answered in time.

use rastup_store::{Caller, Store};
use rastup_types::{LbgId, RequestId};
use serde_json::json;

use super::{RequestStatus, answer, rows, told};
use crate::{error::BookingError, order};

/// Most requests of one run; the next minute takes the rest.
const BATCH: i64 = 200;

/// What a run of the job did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Requests that ended.
    pub expired: usize,
    /// Requests that were answered before the job reached them, or could not be ended now.
    pub left: usize,
}

/// Ends what is past its time, each order in a unit of its own; one that fails does not keep the others.
pub async fn sweep(store: &Store, caller: &Caller) -> Result<Swept, BookingError> {
    let mut unit = store.unit(caller).await?;
    let due = rows::due(&mut unit, BATCH).await?;
    drop(unit);
    let mut swept = Swept { expired: 0, left: 0 };
    for (request_id, lbg_id) in due {
        match expire(store, caller, request_id, lbg_id).await {
            Ok(true) => swept.expired += 1,
            Ok(false) => swept.left += 1,
            Err(error) => {
                tracing::warn!(request.id = %request_id, error = %error, "a request could not be ended");
                swept.left += 1;
            }
        }
    }
    Ok(swept)
}

/// Ends one request if it still waits; false when somebody was faster.
async fn expire(
    store: &Store,
    caller: &Caller,
    request_id: RequestId,
    lbg_id: LbgId,
) -> Result<bool, BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock(&mut unit, lbg_id).await?;
    let mut request = rows::read(&mut unit, request_id).await?;
    if request.status != RequestStatus::Pending || request.expires_at > unit.now() {
        return Ok(false);
    }
    rows::end(&mut unit, &mut request, RequestStatus::Expired, None).await?;
    answer::close_order(&mut unit, lbg_id).await?;
    let leg = answer::leg_of(&order, &request)?;
    // The side that asked is told; it may take one of the other times.
    let event = told("booking.request.expired", &request, &order, leg, request.awaits.other());
    unit.publish(event).await?;
    if let Some((studio_id, owner)) = answer::is_to_host(leg, &request) {
        studios::request_expired(&mut unit, studio_id, owner, request_id).await?;
    }
    unit.audit("request.expire", request_id, json!({ "legId": request.leg_id }));
    unit.commit().await?;
    Ok(true)
}
