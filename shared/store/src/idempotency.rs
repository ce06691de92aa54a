//! Idempotency records: a client's repeated call gets the first answer, a changed one is refused.

use rastup_types::ApiError;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Unit;

/// What is known of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// The first call: do the work, then [`finish`].
    Fresh,
    /// A repetition: answer with this.
    Replay(Value),
}

fn sha256_of(payload: &impl Serialize) -> Result<String, ApiError> {
    let bytes = serde_json::to_vec(payload).map_err(ApiError::internal)?;
    Ok(hex::encode(Sha256::digest(&bytes)))
}

/// Claims `request_key` for the caller and operation inside the unit. A concurrent call with the same key waits for
/// the first to end. Errors: `IDEMPOTENCY_CONFLICT` when the key was used with another payload.
pub async fn begin(
    unit: &mut Unit,
    operation: &'static str,
    request_key: &str,
    payload: &impl Serialize,
) -> Result<Begun, ApiError> {
    if request_key.is_empty() || request_key.len() > 128 {
        return Err(ApiError::invalid("clientRequestId", "must have 1 to 128 characters"));
    }
    let (actor, now, payload_sha256) = (unit.actor().key(), unit.now(), sha256_of(payload)?);
    let inserted = sqlx::query(
        "insert into platform.idempotency_record (actor, operation, request_key, payload_sha256, created_at)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(&actor)
    .bind(operation)
    .bind(request_key)
    .bind(&payload_sha256)
    .bind(now)
    .execute(unit.conn())
    .await?
    .rows_affected();
    if inserted == 1 {
        return Ok(Begun::Fresh);
    }
    let (known_sha256, response): (String, Option<Value>) = sqlx::query_as(
        "select payload_sha256, response from platform.idempotency_record
         where actor = $1 and operation = $2 and request_key = $3",
    )
    .bind(&actor)
    .bind(operation)
    .bind(request_key)
    .fetch_one(unit.conn())
    .await?;
    if known_sha256 != payload_sha256 {
        return Err(ApiError::new(
            "IDEMPOTENCY_CONFLICT",
            "This `clientRequestId` was used for a different request.",
            "Use a new `clientRequestId` for a new request.",
        ));
    }
    response
        .map(Begun::Replay)
        .ok_or_else(|| ApiError::internal("an idempotency record was committed without its answer"))
}

/// Keeps the answer for repetitions; part of the same unit as the work.
pub async fn finish(
    unit: &mut Unit,
    operation: &'static str,
    request_key: &str,
    response: &Value,
) -> Result<(), ApiError> {
    let actor = unit.actor().key();
    sqlx::query(
        "update platform.idempotency_record set response = $4
         where actor = $1 and operation = $2 and request_key = $3",
    )
    .bind(actor)
    .bind(operation)
    .bind(request_key)
    .bind(response)
    .execute(unit.conn())
    .await?;
    Ok(())
}
