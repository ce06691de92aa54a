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

pub(crate) fn sha256_of(payload: &impl Serialize) -> Result<String, ApiError> {
    let bytes = serde_json::to_vec(payload).map_err(ApiError::internal)?;
    Ok(hex::encode(Sha256::digest(&bytes)))
}

/// A key is what a client chose: 1 to 128 bytes, and nothing that PostgreSQL cannot store or a log cannot show.
fn check_key(request_key: &str) -> Result<(), ApiError> {
    if request_key.is_empty() || request_key.len() > 128 {
        return Err(ApiError::invalid("clientRequestId", "must have 1 to 128 characters"));
    }
    if request_key.chars().any(char::is_control) {
        return Err(ApiError::invalid("clientRequestId", "must not contain control characters"));
    }
    Ok(())
}

/// Claims `request_key` for the caller and operation inside the unit. A concurrent call with the same key waits for
/// the first to end. Errors: `INPUT_INVALID` when it is no key, `IDEMPOTENCY_CONFLICT` when it was used with another
/// payload.
pub async fn begin(
    unit: &mut Unit,
    operation: &'static str,
    request_key: &str,
    payload: &impl Serialize,
) -> Result<Begun, ApiError> {
    check_key(request_key)?;
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

#[cfg(test)]
mod tests {
    use super::check_key;

    #[test]
    fn a_key_is_short_and_has_no_control_characters() {
        let (longest, too_long) = ("k".repeat(128), "k".repeat(129));
        for key in ["k", "checkout 1", "büro-7", longest.as_str()] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", "\0", "a\0b", "a\n", "\u{7f}", "\u{85}", too_long.as_str()] {
            assert_eq!(check_key(key).map_err(|error| error.code), Err("INPUT_INVALID"), "{key:?}");
        }
    }
}
