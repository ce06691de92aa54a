//! Orders and legs in the database. Every read names its columns; every move of a leg goes through the lifecycle's table.

use chrono::{DateTime, Utc};
use rastup_store::Unit;
use rastup_types::{Cents, LbgId, LegId, LineItemId, PackId, TimeRange, UserId, pricing::PricedLine};
use sqlx::types::Json;

use super::{Group, Leg, Order, Terms};
use crate::{access, error::BookingError, lifecycle::Trigger};

/// The order; error `NOT_FOUND`.
pub async fn read(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let group: Option<Group> = sqlx::query_as(
        "select lbg_id, buyer_user_id, city, start_at, end_at, acceptance_until, completed_at, last_error_code,
                created_at
         from booking.lbg where lbg_id = $1",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await?;
    with_legs(unit, group).await
}

/// The order, locked: whoever changes it next waits for this unit. Error: `NOT_FOUND`.
pub async fn lock(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let group: Option<Group> = sqlx::query_as(
        "select lbg_id, buyer_user_id, city, start_at, end_at, acceptance_until, completed_at, last_error_code,
                created_at
         from booking.lbg where lbg_id = $1 for update",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await?;
    with_legs(unit, group).await
}

/// The order of the calling buyer, locked; error `NOT_FOUND` for anybody else's.
pub async fn lock_own(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let buyer = access::buyer(unit.actor())?;
    let order = lock(unit, lbg_id).await?;
    if order.group.buyer_user_id == buyer { Ok(order) } else { Err(BookingError::NotFound("order")) }
}

async fn with_legs(unit: &mut Unit, group: Option<Group>) -> Result<Order, BookingError> {
    let group = group.ok_or(BookingError::NotFound("order"))?;
    let legs = sqlx::query_as(
        "select leg_id, lbg_id, type, seller_user_id, service_profile_id, package_id, studio_id, title, start_at,
                end_at, blocked_from, blocked_until, subtotal_cents, service_tax_cents, platform_fee_cents,
                platform_fee_tax_cents, total_cents, price, deposit_cents, policy, terms, pack_id, status
         from booking.booking_leg where lbg_id = $1 order by type desc",
    )
    .bind(group.lbg_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(Order { group, legs })
}

/// Orders of a buyer, newest first, older than `before`.
pub async fn of_buyer(
    unit: &mut Unit,
    buyer: UserId,
    before: Option<LbgId>,
    limit: i64,
) -> Result<Vec<LbgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select lbg_id from booking.lbg
         where buyer_user_id = $1 and ($2::text is null or lbg_id < $2) order by lbg_id desc limit $3",
    )
    .bind(buyer)
    .bind(before)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// The order of a leg.
pub async fn group_of_leg(unit: &mut Unit, leg_id: LegId) -> Result<Option<LbgId>, sqlx::Error> {
    sqlx::query_scalar("select lbg_id from booking.booking_leg where leg_id = $1")
        .bind(leg_id)
        .fetch_optional(unit.conn())
        .await
}

/// Lines of a leg in order.
pub async fn lines(unit: &mut Unit, leg_id: LegId) -> Result<Vec<PricedLine>, sqlx::Error> {
    let rows: Vec<(_, String, i32, Cents, Cents)> = sqlx::query_as(
        "select kind, name, quantity, unit_price_cents, amount_cents
         from booking.line_item where leg_id = $1 order by position",
    )
    .bind(leg_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(kind, name, quantity, unit_price_cents, amount_cents)| PricedLine {
            kind,
            name,
            quantity,
            unit_price_cents,
            amount_cents,
        })
        .collect())
}

/// Writes a new order without legs.
pub async fn insert_group(
    unit: &mut Unit,
    buyer: UserId,
    city: &str,
    range: TimeRange,
) -> Result<LbgId, sqlx::Error> {
    let (lbg_id, now): (LbgId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into booking.lbg (lbg_id, buyer_user_id, city, start_at, end_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(lbg_id)
    .bind(buyer)
    .bind(city)
    .bind(range.start())
    .bind(range.end())
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(lbg_id)
}

/// Writes a new leg with its lines.
pub async fn insert_leg(unit: &mut Unit, leg: &Leg, lines: &[PricedLine]) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into booking.booking_leg
             (leg_id, lbg_id, type, seller_user_id, service_profile_id, package_id, studio_id, title, start_at,
              end_at, blocked_from, blocked_until, subtotal_cents, service_tax_cents, platform_fee_cents,
              platform_fee_tax_cents, total_cents, price, deposit_cents, policy, terms, status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $23)",
    )
    .bind(leg.leg_id)
    .bind(leg.lbg_id)
    .bind(leg.leg_type)
    .bind(leg.seller_user_id)
    .bind(leg.service_profile_id)
    .bind(leg.package_id)
    .bind(leg.studio_id)
    .bind(&leg.title)
    .bind(leg.start_at)
    .bind(leg.end_at)
    .bind(leg.blocked_from)
    .bind(leg.blocked_until)
    .bind(leg.subtotal_cents)
    .bind(leg.service_tax_cents)
    .bind(leg.platform_fee_cents)
    .bind(leg.platform_fee_tax_cents)
    .bind(leg.total_cents)
    .bind(&leg.price)
    .bind(leg.deposit_cents)
    .bind(&leg.policy)
    .bind(&leg.terms)
    .bind(leg.status)
    .bind(now)
    .execute(unit.conn())
    .await?;
    insert_lines(unit, leg.leg_id, lines).await
}

pub(super) async fn insert_lines(
    unit: &mut Unit,
    leg_id: LegId,
    lines: &[PricedLine],
) -> Result<(), sqlx::Error> {
    for (position, line) in (0_i32..).zip(lines) {
        let line_item_id: LineItemId = unit.mint();
        sqlx::query(
            "insert into booking.line_item
                 (line_item_id, leg_id, position, kind, name, quantity, unit_price_cents, amount_cents)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(line_item_id)
        .bind(leg_id)
        .bind(position)
        .bind(line.kind)
        .bind(&line.name)
        .bind(line.quantity)
        .bind(line.unit_price_cents)
        .bind(line.amount_cents)
        .execute(unit.conn())
        .await?;
    }
    Ok(())
}

/// Moves a leg along the table of the lifecycle. Error: `WRONG_STATE`.
pub async fn apply(unit: &mut Unit, leg: &mut Leg, trigger: Trigger) -> Result<(), BookingError> {
    let refused = BookingError::WrongState("A leg of the order is not in a state that allows this.");
    let next = leg.status.after(trigger).ok_or(refused)?;
    let now = unit.now();
    sqlx::query("update booking.booking_leg set status = $2, updated_at = $3 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(next)
        .bind(now)
        .execute(unit.conn())
        .await?;
    leg.status = next;
    Ok(())
}

/// Notes which pack binds the leg.
pub async fn set_pack(unit: &mut Unit, leg: &mut Leg, pack_id: Option<PackId>) -> Result<(), sqlx::Error> {
    sqlx::query("update booking.booking_leg set pack_id = $2 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(pack_id)
        .execute(unit.conn())
        .await?;
    leg.pack_id = pack_id;
    Ok(())
}

/// Changes what the contract of a leg says.
pub async fn set_terms(unit: &mut Unit, leg: &mut Leg, terms: Terms) -> Result<(), sqlx::Error> {
    leg.terms = Json(terms);
    sqlx::query("update booking.booking_leg set terms = $2 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(&leg.terms)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// Notes why the last payment or confirmation failed, or that none did.
pub async fn set_last_error(unit: &mut Unit, lbg_id: LbgId, code: Option<&str>) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update booking.lbg set last_error_code = $2, updated_at = $3 where lbg_id = $1")
        .bind(lbg_id)
        .bind(code)
        .bind(now)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// Notes the confirmation, with the end of the acceptance window.
pub async fn set_confirmed(
    unit: &mut Unit,
    group: &mut Group,
    acceptance_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.lbg
         set confirmed_at = $2, acceptance_until = $3, last_error_code = null, updated_at = $2 where lbg_id = $1",
    )
    .bind(group.lbg_id)
    .bind(now)
    .bind(acceptance_until)
    .execute(unit.conn())
    .await?;
    group.acceptance_until = Some(acceptance_until);
    Ok(())
}

/// Notes the acceptance.
pub async fn set_completed(unit: &mut Unit, group: &mut Group) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update booking.lbg set completed_at = $2, updated_at = $2 where lbg_id = $1")
        .bind(group.lbg_id)
        .bind(now)
        .execute(unit.conn())
        .await?;
    group.completed_at = Some(now);
    Ok(())
}
