//! The transactional outbox: events wait here until the bus has them. Publishing itself is the runtime's work.

use chrono::{DateTime, Duration, Utc};
use rastup_types::{Event, EventId};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

/// How long a publisher has an event for itself before another may try.
const LEASE_SECONDS: i64 = 30;

/// An event that waits to be published.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Pending {
    /// Identity of the event.
    pub event_id: EventId,
    /// Source on the bus, `rastup.<context>`.
    pub source: String,
    /// Name of the event.
    pub event: String,
    /// The envelope.
    pub detail: Value,
}

pub(crate) async fn insert(conn: &mut PgConnection, context: &str, event: &Event) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into platform.outbox (event_id, source, event, detail, created_at) values ($1, $2, $3, $4, $5)",
    )
    .bind(event.event_id)
    .bind(format!("rastup.{context}"))
    .bind(&event.event)
    .bind(serde_json::to_value(event).map_err(|e| sqlx::Error::Encode(Box::new(e)))?)
    .bind(event.occurred_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Leases up to ten unpublished events (the bus takes ten at once), oldest first: those named, or any when none are.
/// `settled_before` leaves young events to the request that wrote them.
pub async fn lease(
    pool: &PgPool,
    now: DateTime<Utc>,
    settled_before: DateTime<Utc>,
    only: Option<&[EventId]>,
) -> Result<Vec<Pending>, sqlx::Error> {
    sqlx::query_as(
        "update platform.outbox set leased_until = $2, attempts = attempts + 1
         where event_id in (
             select event_id from platform.outbox
             where published_at is null and (leased_until is null or leased_until < $1)
               and created_at <= $3 and ($4::text[] is null or event_id = any($4))
             order by seq limit 10 for update skip locked)
         returning event_id, source, event, detail",
    )
    .bind(now)
    .bind(now + Duration::seconds(LEASE_SECONDS))
    .bind(settled_before)
    .bind(only.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>()))
    .fetch_all(pool)
    .await
}

/// Notes that the bus has the events.
pub async fn mark_published(pool: &PgPool, ids: &[EventId], now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query("update platform.outbox set published_at = $2 where event_id = any($1)")
        .bind(ids.iter().map(ToString::to_string).collect::<Vec<_>>())
        .bind(now)
        .execute(pool)
        .await?;
    Ok(())
}
