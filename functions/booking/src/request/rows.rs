//! Requests in the database. Whoever changes one holds the lock of its order.

use rastup_store::Unit;
use rastup_types::{LbgId, RequestId, UserId};

use super::{Request, RequestStatus, Side};
use crate::error::BookingError;

/// The request; error `NOT_FOUND`.
pub(super) async fn read(unit: &mut Unit, request_id: RequestId) -> Result<Request, BookingError> {
    let found = sqlx::query_as(
        "select request_id, lbg_id, leg_id, buyer_user_id, seller_user_id, status, awaits, counter_of, round, message,
                decline_reason, offer, total_cents, expires_at, decided_at, created_at
         from booking.booking_request where request_id = $1",
    )
    .bind(request_id)
    .fetch_optional(unit.conn())
    .await?;
    found.ok_or(BookingError::NotFound("request"))
}

/// Requests of an order that wait for an answer.
pub(crate) async fn pending(unit: &mut Unit, lbg_id: LbgId) -> Result<Vec<Request>, sqlx::Error> {
    sqlx::query_as(
        "select request_id, lbg_id, leg_id, buyer_user_id, seller_user_id, status, awaits, counter_of, round, message,
                decline_reason, offer, total_cents, expires_at, decided_at, created_at
         from booking.booking_request where lbg_id = $1 and status = 'pending' order by request_id",
    )
    .bind(lbg_id)
    .fetch_all(unit.conn())
    .await
}

/// Requests of a person on one side, newest first, older than `before`.
pub async fn page(
    unit: &mut Unit,
    person: UserId,
    side: Side,
    status: Option<RequestStatus>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<Request>, sqlx::Error> {
    sqlx::query_as(
        "select request_id, lbg_id, leg_id, buyer_user_id, seller_user_id, status, awaits, counter_of, round, message,
                decline_reason, offer, total_cents, expires_at, decided_at, created_at
         from booking.booking_request
         where case $2 when 'buyer' then buyer_user_id else seller_user_id end = $1
           and ($3::text is null or status = $3) and ($4::text is null or request_id < $4)
         order by request_id desc limit $5",
    )
    .bind(person)
    .bind(side)
    .bind(status)
    .bind(before)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// Requests past their end, oldest first, with their orders.
pub(super) async fn due(unit: &mut Unit, limit: i64) -> Result<Vec<(RequestId, LbgId)>, sqlx::Error> {
    let now = unit.now();
    sqlx::query_as(
        "select request_id, lbg_id from booking.booking_request
         where status = 'pending' and expires_at <= $1 order by expires_at limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// Writes a new request.
pub(super) async fn insert(unit: &mut Unit, request: &Request) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into booking.booking_request
             (request_id, lbg_id, leg_id, buyer_user_id, seller_user_id, status, awaits, counter_of, round, message,
              offer, total_cents, expires_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(request.request_id)
    .bind(request.lbg_id)
    .bind(request.leg_id)
    .bind(request.buyer_user_id)
    .bind(request.seller_user_id)
    .bind(request.status)
    .bind(request.awaits)
    .bind(request.counter_of)
    .bind(request.round)
    .bind(&request.message)
    .bind(&request.offer)
    .bind(request.total_cents)
    .bind(request.expires_at)
    .bind(request.created_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Ends a request.
pub(super) async fn end(
    unit: &mut Unit,
    request: &mut Request,
    status: RequestStatus,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.booking_request set status = $2, decline_reason = $3, decided_at = $4 where request_id = $1",
    )
    .bind(request.request_id)
    .bind(status)
    .bind(reason)
    .bind(now)
    .execute(unit.conn())
    .await?;
    request.status = status;
    request.decided_at = Some(now);
    request.decline_reason = reason.map(str::to_owned);
    Ok(())
}
