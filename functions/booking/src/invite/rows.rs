//! Invites in the database. Whoever changes one, or a side of it, holds its lock.

use rastup_store::Unit;
use rastup_types::{InviteId, LbgId, UserId};
use sqlx::types::Json;

use super::{Answer, Invite, Recipient, RecipientStatus};
use crate::{error::BookingError, request::Side};

/// The invite; error `NOT_FOUND`.
pub(super) async fn read(unit: &mut Unit, invite_id: InviteId) -> Result<Invite, BookingError> {
    let found = sqlx::query_as(
        "select invite_id, buyer_user_id, brief, city, start_at, end_at, location_kind, location_address, budget_cents,
                closes_at, closed_at, created_at
         from booking.booking_invite where invite_id = $1",
    )
    .bind(invite_id)
    .fetch_optional(unit.conn())
    .await?;
    found.ok_or(BookingError::NotFound("invite"))
}

/// The invite, locked: whoever changes it next waits for this unit. Error: `NOT_FOUND`.
pub(super) async fn lock(unit: &mut Unit, invite_id: InviteId) -> Result<Invite, BookingError> {
    let found = sqlx::query_as(
        "select invite_id, buyer_user_id, brief, city, start_at, end_at, location_kind, location_address, budget_cents,
                closes_at, closed_at, created_at
         from booking.booking_invite where invite_id = $1 for update",
    )
    .bind(invite_id)
    .fetch_optional(unit.conn())
    .await?;
    found.ok_or(BookingError::NotFound("invite"))
}

/// The sellers' sides, in one order for all who book several of them.
pub(super) async fn recipients(unit: &mut Unit, invite_id: InviteId) -> Result<Vec<Recipient>, sqlx::Error> {
    sqlx::query_as(
        "select invite_id, service_profile_id, recipient_user_id, status, package_id, answer, lbg_id
         from booking.invite_recipient where invite_id = $1 order by recipient_user_id, service_profile_id",
    )
    .bind(invite_id)
    .fetch_all(unit.conn())
    .await
}

/// Invites of a person on one side, newest first, older than `before`.
pub async fn page(
    unit: &mut Unit,
    person: UserId,
    side: Side,
    before: Option<InviteId>,
    limit: i64,
) -> Result<Vec<InviteId>, sqlx::Error> {
    let ids = match side {
        Side::Buyer => sqlx::query_scalar(
            "select invite_id from booking.booking_invite
             where buyer_user_id = $1 and ($2::text is null or invite_id < $2) order by invite_id desc limit $3",
        ),
        Side::Seller => sqlx::query_scalar(
            "select distinct invite_id from booking.invite_recipient
             where recipient_user_id = $1 and ($2::text is null or invite_id < $2) order by invite_id desc limit $3",
        ),
    };
    ids.bind(person).bind(before).bind(limit).fetch_all(unit.conn()).await
}

/// Open invites past their end.
pub(super) async fn due(unit: &mut Unit, limit: i64) -> Result<Vec<InviteId>, sqlx::Error> {
    let now = unit.now();
    sqlx::query_scalar(
        "select invite_id from booking.booking_invite
         where closed_at is null and closes_at <= $1 order by closes_at limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// Writes a new invite.
pub(super) async fn insert(unit: &mut Unit, invite: &Invite) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into booking.booking_invite
             (invite_id, buyer_user_id, brief, city, start_at, end_at, location_kind, location_address, budget_cents,
              closes_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(invite.invite_id)
    .bind(invite.buyer_user_id)
    .bind(&invite.brief)
    .bind(&invite.city)
    .bind(invite.start_at)
    .bind(invite.end_at)
    .bind(invite.location_kind)
    .bind(&invite.location_address)
    .bind(invite.budget_cents)
    .bind(invite.closes_at)
    .bind(invite.created_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Writes a new side.
pub(super) async fn insert_recipient(unit: &mut Unit, recipient: &Recipient) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into booking.invite_recipient
             (invite_id, service_profile_id, recipient_user_id, status, package_id, updated_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(recipient.invite_id)
    .bind(recipient.service_profile_id)
    .bind(recipient.recipient_user_id)
    .bind(recipient.status)
    .bind(recipient.package_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Moves a side, with the offer and the order that belong to its state.
pub(super) async fn set(
    unit: &mut Unit,
    recipient: &mut Recipient,
    status: RecipientStatus,
    answer: Option<Answer>,
    lbg_id: Option<LbgId>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    recipient.status = status;
    recipient.answer = answer.map(Json);
    recipient.lbg_id = lbg_id;
    sqlx::query(
        "update booking.invite_recipient set status = $3, answer = $4, lbg_id = $5, updated_at = $6
         where invite_id = $1 and service_profile_id = $2",
    )
    .bind(recipient.invite_id)
    .bind(recipient.service_profile_id)
    .bind(status)
    .bind(&recipient.answer)
    .bind(lbg_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes that an invite is closed.
pub(super) async fn set_closed(unit: &mut Unit, invite: &mut Invite) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update booking.booking_invite set closed_at = $2 where invite_id = $1")
        .bind(invite.invite_id)
        .bind(now)
        .execute(unit.conn())
        .await?;
    invite.closed_at = Some(now);
    Ok(())
}
