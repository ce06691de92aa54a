//! The confirmation's own steps: validating, reserving, the one transaction that confirms, and giving up.

use chrono::Duration;
use finance::{
    charges::{self, Charge, ChargeStatus, Method, Split},
    receipts,
};
use rastup_store::{Caller, Store, Unit};
use rastup_types::{ChargeId, Currency, LbgId, event::NewEvent};
use serde_json::json;

use crate::{
    attempt::{self, AttemptState, Step},
    calendar,
    deposit::{self, DepositStatus},
    error::BookingError,
    lifecycle::{LegStatus, Trigger},
    order::{self, Order},
    payment, receipt, time,
};

/// How long after the session the buyer may report an issue (§1.3.M.1), hours.
const ACCEPTANCE_HOURS: i64 = 48;

/// Decides whether the order can be confirmed with this charge: everything signed, agreed, paid for and ahead.
/// Errors: `CHK_DOCS_REQUIRED`, `CHK_ATOMIC_FAIL`, `CHK_CARD_ACTION_REQUIRED`, `CHK_ACH_NOT_VERIFIED`,
/// `PAYMENT_FAILED`.
pub async fn validate(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock(&mut unit, lbg_id).await?;
    if attempt::begin(&mut unit, lbg_id, charge_id).await? == Step::Done {
        return Ok(());
    }
    let charge = charge_of(&mut unit, &order, charge_id).await?;
    confirmable(&mut unit, &order, &charge).await?;
    unit.commit().await?;
    Ok(())
}

async fn charge_of(unit: &mut Unit, order: &Order, charge_id: ChargeId) -> Result<Charge, BookingError> {
    let charge = charges::get(unit, charge_id).await?;
    if charge.lbg_id == order.group.lbg_id { Ok(charge) } else { Err(BookingError::NotFound("charge")) }
}

async fn confirmable(unit: &mut Unit, order: &Order, charge: &Charge) -> Result<(), BookingError> {
    if !order.is_before_payment() {
        return Err(BookingError::AtomicFail("a leg is over"));
    }
    if !order.all(LegStatus::AwaitingPayment) {
        return Err(BookingError::DocsRequired);
    }
    for leg in &order.legs {
        if !documents::is_signed(unit, leg.leg_id).await? {
            return Err(BookingError::DocsRequired);
        }
    }
    if order.group.start_at <= unit.now() {
        return Err(BookingError::AtomicFail("its time has passed"));
    }
    // What wallet and credits pay of it was settled when the charge was opened.
    let priced = charges::splits(unit, charge.charge_id).await?.into_iter().map(Split::without_credits);
    if priced.collect::<Vec<_>>() != payment::splits(order) {
        return Err(BookingError::AtomicFail("its price has changed"));
    }
    match charge.status {
        ChargeStatus::Authorized
        | ChargeStatus::Capturing
        | ChargeStatus::Captured
        | ChargeStatus::Succeeded => Ok(()),
        ChargeStatus::RequiresAction | ChargeStatus::Processing => Err(match charge.method {
            Method::Card => BookingError::CardActionRequired,
            Method::AchDebit => BookingError::AchNotVerified,
        }),
        ChargeStatus::Failed | ChargeStatus::Undoing | ChargeStatus::Canceled | ChargeStatus::Refunded => {
            Err(BookingError::PaymentFailed { code: None })
        }
    }
}

/// Keeps the time of every leg while the confirmation runs, taking it again where a hold has expired.
/// Errors: `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL`.
pub async fn reserve(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock(&mut unit, lbg_id).await?;
    if attempt::proceed(&mut unit, charge_id).await? == Step::Done {
        return Ok(());
    }
    let until = calendar::confirming_until(unit.now());
    calendar::hold(&mut unit, &order, charge_id, until).await?;
    unit.commit().await?;
    Ok(())
}

/// The undo of [`reserve`]: the time is free again.
pub async fn release(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    order::lock(&mut unit, lbg_id).await?;
    attempt::fence(&mut unit, lbg_id, charge_id).await?;
    calendar::release(&mut unit, charge_id).await?;
    unit.commit().await?;
    Ok(())
}

/// Confirms every leg in one transaction with the calendar, the receipts and the events.
/// Errors: `CHK_ATOMIC_FAIL`, `CHK_STUDIO_CONFLICT`, `CHK_DOCS_REQUIRED`.
pub async fn confirm(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock(&mut unit, lbg_id).await?;
    if attempt::proceed(&mut unit, charge_id).await? == Step::Done {
        return Ok(());
    }
    let charge = charges::lock_taken(&mut unit, lbg_id, charge_id).await?;
    confirmable(&mut unit, &order, &charge).await?;
    let deposit = deposit::of_charge(&mut unit, charge_id).await?;
    let is_secured = deposit.as_ref().is_some_and(|deposit| {
        matches!(deposit.status, DepositStatus::Scheduled | DepositStatus::Authorized)
    });
    if order.legs.iter().any(|leg| leg.deposit_cents.0 > 0) && !is_secured {
        return Err(BookingError::AtomicFail("its deposit is not secured"));
    }
    if calendar::held_until(&mut unit, &order, charge_id).await?.is_none() {
        let until = calendar::confirming_until(unit.now());
        calendar::hold(&mut unit, &order, charge_id, until).await?;
    }
    // A hold that ended while this waited for the order may have been sold since.
    if calendar::confirm(&mut unit, lbg_id, charge_id).await? != order.legs.len() as u64 {
        return Err(BookingError::StudioConflict);
    }
    for leg in &mut order.legs {
        order::apply(&mut unit, leg, Trigger::Confirm).await?;
    }
    let acceptance_until = order.group.end_at + Duration::hours(ACCEPTANCE_HOURS);
    order::set_confirmed(&mut unit, &mut order.group, acceptance_until).await?;
    let snapshot = receipt::snapshot(&mut unit, &order, &charge).await?;
    receipts::freeze(&mut unit, &snapshot).await?;
    attempt::set(&mut unit, charge_id, AttemptState::Confirmed, None).await?;
    publish_confirmed(&mut unit, &order, charge_id, acceptance_until).await?;
    unit.audit("lbg.confirm", lbg_id, json!({ "chargeId": charge_id }));
    unit.commit().await?;
    Ok(())
}

async fn publish_confirmed(
    unit: &mut Unit,
    order: &Order,
    charge_id: ChargeId,
    acceptance_until: chrono::DateTime<chrono::Utc>,
) -> Result<(), sqlx::Error> {
    let group = &order.group;
    let about = |name| {
        NewEvent::new("booking", name)
            .id("lbg_id", group.lbg_id)
            .id("charge_id", charge_id)
            .user(group.buyer_user_id)
            .city(&group.city)
            .money(order.total(), Currency::USD)
    };
    let confirmed = about("lbg.confirmed")
        .fact("start_at", time::text(group.start_at))
        .fact("end_at", time::text(group.end_at))
        .fact("acceptance_until", time::text(acceptance_until));
    unit.publish(confirmed).await?;
    let leg_types: Vec<_> = order.legs.iter().map(|leg| order::type_name(leg.leg_type)).collect();
    unit.publish(about("booking.confirmed").fact("leg_types", json!(leg_types))).await?;
    Ok(())
}

/// Asks whether the confirmation has succeeded after all; if not, fences it, so that no late step takes effect.
/// Answers with true when the order is confirmed.
pub async fn abort(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<bool, BookingError> {
    let mut unit = store.unit(caller).await?;
    order::lock(&mut unit, lbg_id).await?;
    if attempt::state(&mut unit, charge_id).await? == Some(AttemptState::Confirmed) {
        return Ok(true);
    }
    attempt::fence(&mut unit, lbg_id, charge_id).await?;
    unit.commit().await?;
    Ok(false)
}

/// Closes an undone confirmation: the order keeps its legs awaiting payment, remembers why, and can be paid anew.
pub async fn give_up(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
    error_code: &str,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock(&mut unit, lbg_id).await?;
    attempt::fence(&mut unit, lbg_id, charge_id).await?;
    if attempt::state(&mut unit, charge_id).await? == Some(AttemptState::Aborted) {
        return Ok(());
    }
    calendar::release(&mut unit, charge_id).await?;
    attempt::set(&mut unit, charge_id, AttemptState::Aborted, Some(error_code)).await?;
    order::set_last_error(&mut unit, lbg_id, Some(error_code)).await?;
    let event = NewEvent::new("booking", "lbg.confirm_failed")
        .id("lbg_id", lbg_id)
        .id("charge_id", charge_id)
        .user(order.group.buyer_user_id)
        .city(&order.group.city)
        .fact("error_code", error_code);
    unit.publish(event).await?;
    unit.audit("lbg.confirm_failed", lbg_id, json!({ "chargeId": charge_id, "errorCode": error_code }));
    unit.commit().await?;
    Ok(())
}
