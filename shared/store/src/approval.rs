//! Two people for one action: the first call asks, the same call by another person does it (§1.28.2, rule of two).
//!
//! A use case calls [`second_person`] inside its unit before it changes anything. The first caller gets
//! [`Approval::Waits`] and commits only the request; a different caller who sends the same operation, target and payload
//! gets [`Approval::Given`] and goes on in the same transaction.

use chrono::{DateTime, Duration, Utc};
use rastup_types::{ApiError, ApprovalId, UserId};
use serde::Serialize;
use serde_json::Value;

use crate::{Unit, idempotency::sha256_of};

/// How long a request waits for the second person.
const WAITS_HOURS: i64 = 72;

/// Whether an action may be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// It was asked for and waits for another person.
    Waits {
        /// The request.
        approval_id: ApprovalId,
        /// Until when another person may approve it.
        expires_at: DateTime<Utc>,
    },
    /// Another person asked for exactly this before.
    Given {
        /// The request.
        approval_id: ApprovalId,
        /// Who asked for it.
        requested_by: UserId,
        /// Why.
        reason: String,
    },
}

/// What staff asks for. `payload` is everything that decides what is done; `reason` is not part of it.
#[derive(Debug, Clone)]
pub struct Asked<'a, P> {
    /// Name of the operation, such as `adminRefund`.
    pub operation: &'static str,
    /// Id of the thing that is changed.
    pub target: &'a str,
    /// The exact change.
    pub payload: &'a P,
    /// Why, 1 to 1000 characters; no personal data.
    pub reason: &'a str,
}

#[derive(sqlx::FromRow)]
struct Row {
    approval_id: ApprovalId,
    requested_by: UserId,
    reason: String,
    expires_at: DateTime<Utc>,
}

/// A reason as staff gives it, trimmed. Error: `INPUT_INVALID` when there is none or it is too long.
pub fn reason(text: &str) -> Result<&str, ApiError> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= 1_000 && !text.chars().any(|c| c == '\0');
    if fits { Ok(text) } else { Err(ApiError::invalid("reason", "must have 1 to 1000 characters")) }
}

/// Asks for the second person, or finds that the caller is the second person. Both are audited. Errors: `FORBIDDEN` for
/// callers that are no person, `INPUT_INVALID` for a missing reason.
pub async fn second_person<P: Serialize>(unit: &mut Unit, asked: Asked<'_, P>) -> Result<Approval, ApiError> {
    let caller = unit.actor().user_id().ok_or_else(ApiError::forbidden)?;
    let reason = reason(asked.reason)?;
    let (payload, payload_sha256) = (to_value(asked.payload)?, sha256_of(asked.payload)?);
    let now = unit.now();
    // One decision at a time for an action; the lock ends with the unit.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("approval:{}:{}:{payload_sha256}", asked.operation, asked.target))
        .execute(unit.conn())
        .await?;
    // A request that nobody approved in time makes room for a new one.
    sqlx::query(
        "delete from platform.admin_approval where operation = $1 and target = $2 and payload_sha256 = $3
             and decision is null and expires_at <= $4",
    )
    .bind(asked.operation)
    .bind(asked.target)
    .bind(&payload_sha256)
    .bind(now)
    .execute(unit.conn())
    .await?;
    let open: Option<Row> = sqlx::query_as(
        "select approval_id, requested_by, reason, expires_at from platform.admin_approval
         where operation = $1 and target = $2 and payload_sha256 = $3 and decision is null",
    )
    .bind(asked.operation)
    .bind(asked.target)
    .bind(&payload_sha256)
    .fetch_optional(unit.conn())
    .await?;
    match open {
        Some(row) if row.requested_by == caller => {
            Ok(Approval::Waits { approval_id: row.approval_id, expires_at: row.expires_at })
        }
        Some(row) => approve(unit, caller, row).await,
        None => request(unit, caller, &asked, reason, (payload, payload_sha256)).await,
    }
}

async fn request<P>(
    unit: &mut Unit,
    caller: UserId,
    asked: &Asked<'_, P>,
    reason: &str,
    (payload, payload_sha256): (Value, String),
) -> Result<Approval, ApiError> {
    let (approval_id, now): (ApprovalId, _) = (unit.mint(), unit.now());
    let expires_at = now + Duration::hours(WAITS_HOURS);
    sqlx::query(
        "insert into platform.admin_approval (approval_id, operation, target, payload, payload_sha256, reason,
             requested_by, requested_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(approval_id)
    .bind(asked.operation)
    .bind(asked.target)
    .bind(&payload)
    .bind(payload_sha256)
    .bind(reason)
    .bind(caller)
    .bind(now)
    .bind(expires_at)
    .execute(unit.conn())
    .await?;
    let details = serde_json::json!({ "operation": asked.operation, "reason": reason, "payload": payload });
    unit.audit("approval.request", asked.target, details);
    Ok(Approval::Waits { approval_id, expires_at })
}

async fn approve(unit: &mut Unit, caller: UserId, row: Row) -> Result<Approval, ApiError> {
    let now = unit.now();
    sqlx::query(
        "update platform.admin_approval set decided_by = $2, decided_at = $3, decision = 'approved'
         where approval_id = $1",
    )
    .bind(row.approval_id)
    .bind(caller)
    .bind(now)
    .execute(unit.conn())
    .await?;
    let details = serde_json::json!({ "requested_by": row.requested_by, "reason": row.reason });
    unit.audit("approval.given", row.approval_id, details);
    Ok(Approval::Given { approval_id: row.approval_id, requested_by: row.requested_by, reason: row.reason })
}

fn to_value(payload: &impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(payload).map_err(ApiError::internal)
}
