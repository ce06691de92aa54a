//! The webhook inbox: a provider's event is stored once, then processed from a queue.

use rastup_types::InboxId;
use serde_json::Value;

use crate::Unit;

/// A webhook as received.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Received {
    /// Identity of the row.
    pub inbox_id: InboxId,
    /// `stripe` or `esign`.
    pub provider: String,
    /// Kind as the provider names it.
    pub kind: String,
    /// The verified body.
    pub body: Value,
    /// True when it was processed before.
    pub processed: bool,
}

/// How processing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It changed something, or confirmed what was known.
    Applied,
    /// It is of no interest here; kept.
    Ignored,
}

/// Stores a webhook; `None` when the provider sent it before.
pub async fn store(
    unit: &mut Unit,
    provider: &'static str,
    provider_event_id: &str,
    kind: &str,
    body: &Value,
) -> Result<Option<InboxId>, sqlx::Error> {
    let (inbox_id, now): (InboxId, _) = (unit.mint(), unit.now());
    let stored = sqlx::query(
        "insert into platform.webhook_inbox (inbox_id, provider, provider_event_id, kind, body, received_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (provider, provider_event_id) do nothing",
    )
    .bind(inbox_id)
    .bind(provider)
    .bind(provider_event_id)
    .bind(kind)
    .bind(body)
    .bind(now)
    .execute(unit.conn())
    .await?
    .rows_affected();
    Ok((stored == 1).then_some(inbox_id))
}

/// Reads a webhook and locks it, so that two deliveries of the queue are processed one after the other.
pub async fn lock(unit: &mut Unit, inbox_id: InboxId) -> Result<Option<Received>, sqlx::Error> {
    sqlx::query_as(
        "select inbox_id, provider, kind, body, processed_at is not null as processed
         from platform.webhook_inbox where inbox_id = $1 for update",
    )
    .bind(inbox_id)
    .fetch_optional(unit.conn())
    .await
}

/// Notes how processing ended; part of the unit that applied the webhook.
pub async fn mark_processed(unit: &mut Unit, inbox_id: InboxId, outcome: Outcome) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update platform.webhook_inbox set processed_at = $2, outcome = $3 where inbox_id = $1")
        .bind(inbox_id)
        .bind(now)
        .bind(match outcome {
            Outcome::Applied => "applied",
            Outcome::Ignored => "ignored",
        })
        .execute(unit.conn())
        .await?;
    Ok(())
}
