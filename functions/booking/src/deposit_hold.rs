//! Placing a deposit's card hold and letting it go: the step of the confirmation, its undo, the later placement, and the
//! end. Each asks the provider between two transactions, under a key that makes a repetition harmless.

use std::sync::Arc;

use finance::charges;
use rastup_providers::stripe::{IntentStatus, NewHold, PaymentError, PaymentIntent, Payments};
use rastup_store::{Caller, Store, Unit};
use rastup_types::{ChargeId, Currency, DepositId, LbgId, UserId, event::NewEvent};
use serde_json::json;

use crate::{
    attempt::{self, Step},
    deposit::{self, Deposit, DepositStatus},
    error::BookingError,
    order::{self, Group},
};

/// What holding needs.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub store: Store,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
}

/// Holds that one run of the job places.
const DUE_PER_RUN: i64 = 25;

/// The step: places the hold when the session starts within six days, else schedules it with the saved card.
/// Errors: `CHK_CARD_ACTION_REQUIRED` when no card was saved, `CHK_ATOMIC_FAIL` when the card refuses.
pub async fn secure(
    desk: &Desk,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = desk.store.unit(caller).await?;
    let group = order::lock(&mut unit, lbg_id).await?.group;
    if attempt::proceed(&mut unit, charge_id).await? == Step::Done {
        return Ok(());
    }
    let Some(deposit) = deposit::of_charge(&mut unit, charge_id).await? else { return Ok(()) };
    drop(unit);
    match deposit.status {
        DepositStatus::Scheduled | DepositStatus::Authorized => return Ok(()),
        DepositStatus::RequiresAction => {}
        DepositStatus::Captured | DepositStatus::Voided | DepositStatus::Expired => {
            return Err(BookingError::AtomicFail("its deposit was given up"));
        }
    }
    let card = saved_card(desk, &deposit).await?;
    let mut unit = desk.store.unit(caller).await?;
    order::lock(&mut unit, lbg_id).await?;
    attempt::proceed(&mut unit, charge_id).await?;
    if let Some(place_from) = deposit::place_from(unit.now(), group.start_at) {
        deposit::schedule(&mut unit, deposit.deposit_id, &card, place_from).await?;
        unit.commit().await?;
        return Ok(());
    }
    deposit::request_hold(&mut unit, deposit.deposit_id, &card).await?;
    unit.commit().await?;
    let placed = place(desk, caller, &deposit, &card, group.buyer_user_id).await;
    let mut unit = desk.store.unit(caller).await?;
    order::lock(&mut unit, lbg_id).await?;
    match placed {
        Ok(hold) => match attempt::proceed(&mut unit, charge_id).await {
            Ok(_) => {
                deposit::set_authorized(&mut unit, deposit.deposit_id, &hold.id).await?;
                unit.publish(about(&deposit, &group, "deposit.auth.authorized")).await?;
                unit.commit().await?;
                Ok(())
            }
            Err(fenced) => {
                // The undo may have run before the provider answered: nothing may stay held.
                drop(unit);
                cancel(desk, &deposit, &hold.id).await?;
                Err(fenced)
            }
        },
        Err(refusal) if is_refusal(&refusal) => {
            deposit::note_refusal(&mut unit, deposit.deposit_id).await?;
            unit.commit().await?;
            Err(BookingError::AtomicFail("the card refuses the deposit"))
        }
        Err(unknown) => Err(unknown),
    }
}

/// The undo: nothing stays held, whatever the step has done and whenever it ends.
pub async fn undo(
    desk: &Desk,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = desk.store.unit(caller).await?;
    let group = order::lock(&mut unit, lbg_id).await?.group;
    attempt::fence(&mut unit, lbg_id, charge_id).await?;
    let deposit = deposit::of_charge(&mut unit, charge_id).await?;
    unit.commit().await?;
    match deposit {
        Some(deposit) if deposit.status.is_alive() => let_go(desk, caller, &deposit, &group).await,
        Some(_) | None => Ok(()),
    }
}

/// The end: lets the hold go after the claim window. Nothing happens when a claim has captured it.
/// Errors: `WRONG_STATE` before the window's end, `NOT_FOUND`.
pub async fn void(
    desk: &Desk,
    caller: &Caller,
    lbg_id: LbgId,
    deposit_id: DepositId,
) -> Result<(), BookingError> {
    let mut unit = desk.store.unit(caller).await?;
    let group = order::lock(&mut unit, lbg_id).await?.group;
    let deposit = deposit::lock(&mut unit, deposit_id).await?.filter(|deposit| deposit.lbg_id == lbg_id);
    let now = unit.now();
    drop(unit);
    let deposit = deposit.ok_or(BookingError::NotFound("deposit"))?;
    if now < deposit::void_at(group.end_at) {
        return Err(BookingError::WrongState("The studio may still claim the deposit."));
    }
    if deposit.status.is_alive() { let_go(desk, caller, &deposit, &group).await } else { Ok(()) }
}

/// What a run of the job did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placed {
    /// Holds placed.
    pub placed: u32,
    /// Holds that the card refused; they are tried again.
    pub refused: u32,
    /// Holds whose outcome is unknown; the next run asks again.
    pub unknown: u32,
}

/// The later placement: places the holds that are due. One card's refusal never stops another's hold.
pub async fn place_due(desk: &Desk, caller: &Caller) -> Result<Placed, BookingError> {
    let mut unit = desk.store.unit(caller).await?;
    let due = deposit::due(&mut unit, DUE_PER_RUN).await?;
    drop(unit);
    let mut count = Placed::default();
    for deposit_id in due {
        match place_one(desk, caller, deposit_id).await {
            Ok(true) => count.placed += 1,
            Ok(false) => count.refused += 1,
            Err(error) => {
                tracing::warn!(%deposit_id, %error, "a deposit's hold has an unknown outcome");
                count.unknown += 1;
            }
        }
    }
    Ok(count)
}

async fn place_one(desk: &Desk, caller: &Caller, deposit_id: DepositId) -> Result<bool, BookingError> {
    let mut unit = desk.store.unit(caller).await?;
    let deposit = deposit::lock(&mut unit, deposit_id).await?;
    let Some(deposit) = deposit.filter(|deposit| deposit.status == DepositStatus::Scheduled) else {
        return Ok(false);
    };
    let Some(card) = deposit.payment_method_id.clone() else { return Ok(false) };
    let group = order::read(&mut unit, deposit.lbg_id).await?.group;
    deposit::request_hold(&mut unit, deposit_id, &card).await?;
    unit.commit().await?;
    let placed = place(desk, caller, &deposit, &card, group.buyer_user_id).await;
    let mut unit = desk.store.unit(caller).await?;
    match placed {
        Ok(hold) => {
            deposit::set_authorized(&mut unit, deposit_id, &hold.id).await?;
            unit.publish(about(&deposit, &group, "deposit.auth.authorized")).await?;
            unit.commit().await?;
            Ok(true)
        }
        Err(refusal) if is_refusal(&refusal) => {
            deposit::note_refusal(&mut unit, deposit_id).await?;
            unit.commit().await?;
            Ok(false)
        }
        Err(unknown) => Err(unknown),
    }
}

async fn saved_card(desk: &Desk, deposit: &Deposit) -> Result<String, BookingError> {
    let id = deposit.setup_intent_id.as_ref().ok_or(BookingError::CardActionRequired)?;
    let setup = desk.payments.setup_intent(id).await?;
    setup.payment_method.filter(|_| setup.succeeded).ok_or(BookingError::CardActionRequired)
}

/// Refusals decide the outcome: nothing is held.
fn is_refusal(error: &BookingError) -> bool {
    matches!(
        error,
        BookingError::Payments(
            PaymentError::Declined { .. } | PaymentError::ActionRequired | PaymentError::Refused { .. }
        )
    )
}

async fn place(
    desk: &Desk,
    caller: &Caller,
    deposit: &Deposit,
    card: &str,
    buyer: UserId,
) -> Result<PaymentIntent, BookingError> {
    let payments = desk.payments.as_ref();
    let customer = charges::customer(&desk.store, payments, caller, buyer).await?;
    let hold = NewHold {
        amount: deposit.authorized_cents,
        currency: Currency::USD,
        customer,
        payment_method: card.to_owned(),
        metadata: [
            ("lbg_id".to_owned(), deposit.lbg_id.to_string()),
            ("deposit_id".to_owned(), deposit.deposit_id.to_string()),
        ]
        .into(),
    };
    Ok(payments.place_hold(&deposit.hold_key(), &hold).await?)
}

/// Cancels a hold; one that is cancelled already is as good.
async fn cancel(desk: &Desk, deposit: &Deposit, hold_id: &str) -> Result<(), BookingError> {
    match desk.payments.cancel(&deposit.void_key(), hold_id).await {
        Ok(_) => Ok(()),
        Err(PaymentError::UnexpectedState { code }) => {
            let hold = desk.payments.payment_intent(hold_id).await?;
            if hold.status == IntentStatus::Canceled {
                Ok(())
            } else {
                Err(PaymentError::UnexpectedState { code }.into())
            }
        }
        Err(error) => Err(error.into()),
    }
}

async fn let_go(desk: &Desk, caller: &Caller, deposit: &Deposit, group: &Group) -> Result<(), BookingError> {
    let hold_id = match (&deposit.hold_intent_id, deposit.hold_requested_at, &deposit.payment_method_id) {
        (Some(hold_id), _, _) => Some(hold_id.clone()),
        // A hold was asked for and the answer is unknown: the same call again tells what it did.
        (None, Some(_), Some(card)) => match place(desk, caller, deposit, card, group.buyer_user_id).await {
            Ok(hold) => Some(hold.id),
            // Only the card's own no proves that nothing is held; a refusal of ours, such as a rotated key, does not.
            Err(BookingError::Payments(PaymentError::Declined { .. } | PaymentError::ActionRequired)) => None,
            Err(unknown) => return Err(unknown),
        },
        (None, _, _) => None,
    };
    if let Some(hold_id) = &hold_id {
        cancel(desk, deposit, hold_id).await?;
    }
    let mut unit = desk.store.unit(caller).await?;
    let still_alive =
        deposit::lock(&mut unit, deposit.deposit_id).await?.is_some_and(|deposit| deposit.status.is_alive());
    if still_alive {
        deposit::set_voided(&mut unit, deposit.deposit_id, hold_id.as_deref()).await?;
        if hold_id.is_some() {
            unit.publish(about(deposit, group, "deposit.auth.voided")).await?;
        }
        audit_void(&mut unit, deposit);
    }
    unit.commit().await?;
    Ok(())
}

fn audit_void(unit: &mut Unit, deposit: &Deposit) {
    unit.audit("deposit.void", deposit.deposit_id, json!({ "lbgId": deposit.lbg_id }));
}

fn about(deposit: &Deposit, group: &Group, name: &'static str) -> NewEvent {
    NewEvent::new("booking", name)
        .id("lbg_id", deposit.lbg_id)
        .id("leg_id", deposit.leg_id)
        .id("deposit_id", deposit.deposit_id)
        .user(group.buyer_user_id)
        .city(&group.city)
        .money(deposit.authorized_cents, Currency::USD)
}
