//! A person's own calendar: what is booked and held, as entries and as a feed behind a secret address.

mod ics;

use chrono::{DateTime, Duration, Utc};
use rastup_store::{Caller, Store, Unit};
use rastup_types::{LbgId, LegId, RequestId, StudioBlackoutId, TimeRange, UserId, pricing::LegType};
use serde_json::json;
use sha2::{Digest, Sha256};

pub use ics::{Event, Status, write};

use crate::{access, error::BookingError, request::Side};

/// Longest time of one answer, days.
const RANGE_DAYS_MAX: i64 = 366;
/// Days before and after today in a feed.
const FEED_BACK_DAYS: i64 = 30;
const FEED_AHEAD_DAYS: i64 = 365;

/// Time that a leg takes of somebody. Who the other side is, and where, is no part of it.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Entry {
    /// The leg.
    pub leg_id: LegId,
    /// Its order.
    pub lbg_id: LbgId,
    /// Talent or studio.
    #[sqlx(rename = "type")]
    pub leg_type: LegType,
    /// On which side the person is.
    pub side: Side,
    /// True for a booking, false for a hold.
    pub is_confirmed: bool,
    /// Until when a hold lasts.
    pub expires_at: Option<DateTime<Utc>>,
    /// Start of the session.
    pub start_at: DateTime<Utc>,
    /// End of the session.
    pub end_at: DateTime<Utc>,
    /// Start with buffers.
    pub blocked_from: DateTime<Utc>,
    /// End with buffers.
    pub blocked_until: DateTime<Utc>,
    /// When the time was taken.
    pub created_at: DateTime<Utc>,
}

/// A person's entries that reach into `within`, earliest first.
async fn entries(unit: &mut Unit, person: UserId, within: TimeRange) -> Result<Vec<Entry>, sqlx::Error> {
    let now = unit.now();
    sqlx::query_as(
        "select l.leg_id, l.lbg_id, l.type, l.start_at, l.end_at, b.expires_at, b.created_at,
                case when l.seller_user_id = $1 then 'seller' else 'buyer' end as side,
                b.status = 'confirmed' as is_confirmed,
                lower(b.blocked) as blocked_from, upper(b.blocked) as blocked_until
         from booking.calendar_block b
         join booking.booking_leg l using (leg_id)
         join booking.lbg g using (lbg_id)
         where (l.seller_user_id = $1 or g.buyer_user_id = $1)
           and b.blocked && tstzrange($2, $3) and (b.status = 'confirmed' or b.expires_at > $4)
         order by l.start_at, l.leg_id",
    )
    .bind(person)
    .bind(within.start())
    .bind(within.end())
    .bind(now)
    .fetch_all(unit.conn())
    .await
}

/// The caller's calendar within a range, with the times at which their studios are closed. Errors: `INPUT_INVALID`.
pub async fn mine(
    unit: &mut Unit,
    within: TimeRange,
) -> Result<(Vec<Entry>, Vec<(StudioBlackoutId, TimeRange)>), BookingError> {
    let person = access::signed_in(unit.actor())?;
    if within.duration() > Duration::days(RANGE_DAYS_MAX) {
        return Err(BookingError::Invalid { field: "within", problem: "must be at most a year long" });
    }
    let closed = studios::blackouts_of_owner(unit, person, within).await?;
    Ok((entries(unit, person, within).await?, closed))
}

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Makes the caller's calendar readable behind a new secret, which is shown once; an older address is dead at once.
pub async fn rotate(store: &Store, caller: &Caller) -> Result<(String, DateTime<Utc>), BookingError> {
    let person = access::signed_in(&caller.actor)?;
    let mut unit = store.unit(caller).await?;
    // Each id carries at least 32 random bits; what is public of ids, their time, does not survive the hash.
    let drawn: Vec<String> = (0..8).map(|_| unit.mint::<RequestId>().to_string()).collect();
    let token = hash(&drawn.concat());
    let now = unit.now();
    sqlx::query(
        "insert into booking.calendar_feed (user_id, token_sha256, created_at) values ($1, $2, $3)
         on conflict (user_id) do update
             set token_sha256 = excluded.token_sha256, created_at = excluded.created_at",
    )
    .bind(person)
    .bind(hash(&token))
    .bind(now)
    .execute(unit.conn())
    .await?;
    unit.audit("calendar_feed.rotate", person, json!({}));
    unit.commit().await?;
    Ok((token, now))
}

/// The caller's calendar is private again; twice is once.
pub async fn revoke(store: &Store, caller: &Caller) -> Result<(), BookingError> {
    let person = access::signed_in(&caller.actor)?;
    let mut unit = store.unit(caller).await?;
    let gone = sqlx::query("delete from booking.calendar_feed where user_id = $1")
        .bind(person)
        .execute(unit.conn())
        .await?;
    if gone.rows_affected() > 0 {
        unit.audit("calendar_feed.revoke", person, json!({}));
        unit.commit().await?;
    }
    Ok(())
}

/// When the caller's present address was made; `None` without one.
pub async fn since(unit: &mut Unit) -> Result<Option<DateTime<Utc>>, BookingError> {
    let person = access::signed_in(unit.actor())?;
    let found = sqlx::query_scalar("select created_at from booking.calendar_feed where user_id = $1")
        .bind(person)
        .fetch_optional(unit.conn())
        .await?;
    Ok(found)
}

/// The calendar behind a token as iCalendar. Error: `NOT_FOUND` for what is no token, or not any more.
pub async fn read(store: &Store, caller: &Caller, token: &str) -> Result<String, BookingError> {
    let token = token.strip_suffix(".ics").unwrap_or(token);
    let is_token =
        token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !is_token {
        return Err(BookingError::NotFound("calendar"));
    }
    let mut unit = store.unit(caller).await?;
    let person: Option<UserId> =
        sqlx::query_scalar("select user_id from booking.calendar_feed where token_sha256 = $1")
            .bind(hash(token))
            .fetch_optional(unit.conn())
            .await?;
    let person = person.ok_or(BookingError::NotFound("calendar"))?;
    let now = unit.now();
    let within = TimeRange::new(now - Duration::days(FEED_BACK_DAYS), now + Duration::days(FEED_AHEAD_DAYS))
        .map_err(rastup_types::ApiError::internal)?;
    let mut events: Vec<Event> = entries(&mut unit, person, within).await?.iter().map(event).collect();
    let closed = studios::blackouts_of_owner(&mut unit, person, within).await?;
    events.extend(closed.into_iter().map(|(id, range)| Event {
        uid: format!("{id}@rastup.com"),
        stamped_at: range.start(),
        start: range.start(),
        end: range.end(),
        summary: "Studio closed",
        description: None,
        status: Status::Confirmed,
    }));
    Ok(write(&events))
}

/// A seller sees the time with its buffers, because that is what is taken; a buyer the session.
fn event(entry: &Entry) -> Event {
    let summary = match (entry.leg_type, entry.is_confirmed) {
        (LegType::Talent, true) => "Booked session",
        (LegType::Talent, false) => "Session, held until it is paid",
        (LegType::Studio, true) => "Booked studio",
        (LegType::Studio, false) => "Studio, held until it is paid",
    };
    let (start, end) = match entry.side {
        Side::Seller => (entry.blocked_from, entry.blocked_until),
        Side::Buyer => (entry.start_at, entry.end_at),
    };
    Event {
        uid: format!("{}@rastup.com", entry.leg_id),
        stamped_at: entry.created_at,
        start,
        end,
        summary,
        description: Some(format!("Order {}", entry.lbg_id)),
        status: if entry.is_confirmed { Status::Confirmed } else { Status::Tentative },
    }
}
