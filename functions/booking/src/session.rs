//! After the confirmation: the session's start and end, and the acceptance by the buyer or by the clock.

use chrono::{DateTime, Utc};
use finance::{fees, payouts};
use rastup_store::{Caller, Store, Unit};
use rastup_types::{Currency, LbgId, event::NewEvent};
use serde_json::json;

use crate::{
    error::BookingError,
    lifecycle::{LegStatus, Trigger},
    order::{self, Group, Leg, Order},
    time,
};

const TOO_EARLY: BookingError = BookingError::WrongState("It is too early for this.");

/// The session starts. Nothing happens when it has. Errors: `WRONG_STATE` before its time or its confirmation.
pub async fn start(store: &Store, caller: &Caller, lbg_id: LbgId) -> Result<LegStatus, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock(&mut unit, lbg_id).await?;
    if unit.now() < order.group.start_at {
        return Err(TOO_EARLY);
    }
    catch_up(&mut unit, &mut order).await?;
    finish(unit, &order).await
}

/// The session ends and the acceptance window opens. Nothing happens when it has. Errors: as [`start`].
pub async fn open_acceptance(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
) -> Result<LegStatus, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock(&mut unit, lbg_id).await?;
    if unit.now() < order.group.end_at {
        return Err(TOO_EARLY);
    }
    catch_up(&mut unit, &mut order).await?;
    finish(unit, &order).await
}

/// The acceptance window ends: the order counts as accepted, unless it was already. Errors: as [`start`].
pub async fn auto_accept(store: &Store, caller: &Caller, lbg_id: LbgId) -> Result<LegStatus, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock(&mut unit, lbg_id).await?;
    if order.group.acceptance_until.is_none_or(|until| unit.now() < until) {
        return Err(TOO_EARLY);
    }
    catch_up(&mut unit, &mut order).await?;
    accept(&mut unit, &mut order, "acceptance.auto_accept").await?;
    finish(unit, &order).await
}

/// The buyer accepts. Again changes nothing. Errors: `WRONG_STATE` before the session's end, `NOT_FOUND`, `FORBIDDEN`.
pub async fn mark_completed(store: &Store, caller: &Caller, lbg_id: LbgId) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock_own(&mut unit, lbg_id).await?;
    if !order.status().is_confirmed() {
        return Err(BookingError::WrongState("The order is not confirmed."));
    }
    if unit.now() < order.group.end_at {
        return Err(BookingError::WrongState("The session is not over yet."));
    }
    catch_up(&mut unit, &mut order).await?;
    accept(&mut unit, &mut order, "acceptance.buyer.accept").await?;
    finish(unit, &order).await?;
    Ok(())
}

async fn finish(unit: Unit, order: &Order) -> Result<LegStatus, BookingError> {
    let status = order.status();
    if !status.is_confirmed() {
        return Err(BookingError::WrongState("The order is not confirmed."));
    }
    unit.commit().await?;
    Ok(status)
}

/// Does what the clock says is due: a session that has started or ended without its step having run yet.
async fn catch_up(unit: &mut Unit, order: &mut Order) -> Result<(), BookingError> {
    let now = unit.now();
    let mut opened = false;
    for leg in &mut order.legs {
        if leg.status == LegStatus::Confirmed && now >= leg.start_at {
            order::apply(unit, leg, Trigger::StartSession).await?;
            unit.publish(about_leg(leg, &order.group, "leg.in_progress")).await?;
        }
        if leg.status == LegStatus::InProgress && now >= leg.end_at {
            order::apply(unit, leg, Trigger::EndSession).await?;
            opened = true;
        }
    }
    if let (true, Some(until)) = (opened, order.group.acceptance_until) {
        unit.publish(window_opened(&order.group, until)).await?;
    }
    Ok(())
}

fn window_opened(group: &Group, until: DateTime<Utc>) -> NewEvent {
    about(group, "acceptance.window.start").fact("acceptance_until", time::text(until))
}

/// Completes every delivered leg: its fee is earned and its payout queued, all in this unit.
async fn accept(unit: &mut Unit, order: &mut Order, event: &'static str) -> Result<(), BookingError> {
    let mut accepted = 0_usize;
    for leg in &mut order.legs {
        if leg.status != LegStatus::Delivered {
            continue;
        }
        order::apply(unit, leg, Trigger::Accept).await?;
        fees::earn(unit, leg.leg_id).await?;
        payouts::queue(unit, leg.leg_id).await?;
        unit.publish(about_leg(leg, &order.group, "leg.completed")).await?;
        accepted += 1;
    }
    if accepted == 0 {
        return Ok(());
    }
    order::set_completed(unit, &mut order.group).await?;
    unit.publish(about(&order.group, event)).await?;
    let completed = about(&order.group, "booking.completed").money(order.total(), Currency::USD);
    unit.publish(completed).await?;
    unit.audit(event, order.group.lbg_id, json!({ "legs": accepted }));
    Ok(())
}

fn about(group: &Group, name: &'static str) -> NewEvent {
    NewEvent::new("booking", name).id("lbg_id", group.lbg_id).user(group.buyer_user_id).city(&group.city)
}

fn about_leg(leg: &Leg, group: &Group, name: &'static str) -> NewEvent {
    about(group, name).id("leg_id", leg.leg_id).fact("leg_type", order::type_name(leg.leg_type))
}
