//! A draft leg takes the time and price of an offer that both sides agreed to. Legs past their draft never change so.

use rastup_store::Unit;
use rastup_types::LegId;
use sqlx::types::Json;

use super::{Order, lines, rows::insert_lines};
use crate::{error::BookingError, lifecycle::LegStatus, request::Offer};

/// Writes what differs from the leg as it stands; with one leg, the order's time is the leg's.
/// Errors: `WRONG_STATE` past the draft, `NOT_FOUND`.
pub(crate) async fn take_offer(
    unit: &mut Unit,
    order: &mut Order,
    leg_id: LegId,
    offer: &Offer,
) -> Result<(), BookingError> {
    let (now, is_alone) = (unit.now(), order.legs.len() == 1);
    let leg = order.legs.iter_mut().find(|leg| leg.leg_id == leg_id).ok_or(BookingError::NotFound("leg"))?;
    if leg.status != LegStatus::Draft {
        return Err(BookingError::WrongState("The order is past its draft."));
    }
    let is_moved = leg.start_at != offer.range.start() || leg.end_at != offer.range.end();
    if !is_moved && leg.price.0 == offer.price && lines(unit, leg_id).await? == offer.lines {
        return Ok(());
    }
    if is_moved && !is_alone {
        return Err(BookingError::WrongState("An order with a talent and a studio keeps its time."));
    }
    leg.start_at = offer.range.start();
    leg.end_at = offer.range.end();
    leg.blocked_from = offer.blocked.start();
    leg.blocked_until = offer.blocked.end();
    leg.subtotal_cents = offer.price.subtotal;
    leg.service_tax_cents = offer.price.service_tax;
    leg.platform_fee_cents = offer.price.platform_fee;
    leg.platform_fee_tax_cents = offer.price.platform_fee_tax;
    leg.total_cents = offer.price.total;
    leg.price = Json(offer.price.clone());
    sqlx::query(
        "update booking.booking_leg
         set start_at = $2, end_at = $3, blocked_from = $4, blocked_until = $5, subtotal_cents = $6,
             service_tax_cents = $7, platform_fee_cents = $8, platform_fee_tax_cents = $9, total_cents = $10,
             price = $11, updated_at = $12
         where leg_id = $1",
    )
    .bind(leg_id)
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
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query("delete from booking.line_item where leg_id = $1").bind(leg_id).execute(unit.conn()).await?;
    insert_lines(unit, leg_id, &offer.lines).await?;
    finance::record_tax_quote(unit, leg_id, &offer.price).await?;
    if is_moved {
        (order.group.start_at, order.group.end_at) = (leg.start_at, leg.end_at);
        sqlx::query("update booking.lbg set start_at = $2, end_at = $3, updated_at = $4 where lbg_id = $1")
            .bind(order.group.lbg_id)
            .bind(leg.start_at)
            .bind(leg.end_at)
            .bind(now)
            .execute(unit.conn())
            .await?;
    }
    Ok(())
}
