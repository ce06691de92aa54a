//! Finance's part of the confirmation: wallet, capture and tax, each with its undo.
//!
//! Each is three-phased: a transaction says what is about to happen, then Stripe is asked, then a transaction writes what
//! came of it. A crash between phases is repaired by running the step again. An undo fences the charge first, so that a
//! step that is still on its way has no effect.

use std::collections::BTreeMap;

use rastup_providers::stripe::{IntentStatus, PaymentError, PaymentIntent, Payments, Refund, RefundStatus};
use rastup_store::{Caller, Store};
use rastup_types::{Cents, ChargeId, LbgId};

use crate::{
    Charge, ChargeStatus, FinanceError,
    charges::{self, Trigger},
    fees, ledger, refunds, tax, wallet,
};

/// How often an undo looks at a PaymentIntent that changes under its hands.
const UNDO_LOOKS_MAX: usize = 4;

/// Ids for Stripe's records; no personal data.
pub(crate) fn metadata(charge: &Charge) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("lbg_id".to_owned(), charge.lbg_id.to_string()),
        ("charge_id".to_owned(), charge.charge_id.to_string()),
    ])
}

/// Proves that the charge is the price less what the wallet was debited for it when it was opened.
/// Answers with the credit applied, cents. Error: `CHK_ATOMIC_FAIL` when the charge was given up.
pub async fn prove_wallet(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Cents, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let charge = charges::lock_of(&mut unit, lbg_id, charge_id).await?;
    charge.refuse_if_given_up()?;
    let splits = charges::splits(&mut unit, charge_id).await?;
    let price: Cents = splits.iter().map(|split| split.amount).sum();
    let applied: Cents = splits.iter().map(|split| split.wallet + split.credit).sum();
    tax::same("charge after wallet and credits", price - applied, charge.amount)?;
    let from_wallet: Cents = splits.iter().map(|split| split.wallet).sum();
    tax::same("wallet's debit", from_wallet, wallet::debited(&mut unit, charge_id).await?)?;
    Ok(applied)
}

/// Gives back what the wallet paid of a charge that was given up; again changes nothing. A bank debit that is still under
/// way keeps it: the webhook that ends the charge gives it back. Answers with what is given back, cents.
pub async fn undo_wallet(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Cents, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let charge = charges::lock_of(&mut unit, lbg_id, charge_id).await?;
    let ended = matches!(charge.status, ChargeStatus::Canceled | ChargeStatus::Refunded);
    let returned = if ended { wallet::give_back(&mut unit, &charge).await? } else { Cents::ZERO };
    unit.commit().await?;
    Ok(returned)
}

/// Takes the buyer's money: captures the card, or checks that the bank debit has succeeded. Errors:
/// `CHK_CARD_ACTION_REQUIRED`, `CHK_ACH_NOT_VERIFIED`, `PAYMENT_FAILED`, `CHK_ATOMIC_FAIL`, `TRANSIENT`.
pub async fn capture(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let mut begun = begin_capture(store, caller, lbg_id, charge_id).await?;
    if !begun.status.is_taken() && begun.status != ChargeStatus::Capturing {
        // The webhook that says so may still be on its way.
        charges::refresh(store, payments, caller, charge_id).await?;
        begun = begin_capture(store, caller, lbg_id, charge_id).await?;
    }
    if begun.status.is_taken() {
        return Ok(begun);
    }
    if begun.status != ChargeStatus::Capturing {
        return Err(charges::not_taken(&begun));
    }
    let intent_id = begun.intent_id()?;
    match payments.capture(&format!("capture:{charge_id}"), intent_id, begun.amount).await {
        Ok(intent) => finish_capture(store, caller, charge_id, &intent, None).await,
        Err(error @ PaymentError::Unavailable(_)) => Err(error.into()),
        Err(refusal) => {
            // An earlier attempt may have captured, or somebody cancelled: the state decides, not the refusal.
            let intent = payments.payment_intent(intent_id).await?;
            finish_capture(store, caller, charge_id, &intent, Some(code_of(&refusal))).await
        }
    }
}

fn code_of(error: &PaymentError) -> String {
    match error {
        PaymentError::Declined { code }
        | PaymentError::UnexpectedState { code }
        | PaymentError::Refused { code } => code.clone(),
        PaymentError::ActionRequired => "authentication_required".to_owned(),
        PaymentError::KeyReused => "idempotency_error".to_owned(),
        PaymentError::Unavailable(_) => "unavailable".to_owned(),
    }
}

/// Marks a charge that may be captured; others are answered as they are.
async fn begin_capture(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut charge = charges::lock_of(&mut unit, lbg_id, charge_id).await?;
    charge.refuse_if_given_up()?;
    if charge.status.after(Trigger::BeginCapture).is_some() {
        charges::step(&mut unit, &mut charge, Trigger::BeginCapture).await?;
        unit.commit().await?;
    }
    Ok(charge)
}

async fn finish_capture(
    store: &Store,
    caller: &Caller,
    charge_id: ChargeId,
    intent: &PaymentIntent,
    refusal: Option<String>,
) -> Result<Charge, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut charge = charges::lock(&mut unit, charge_id).await?;
    charges::observe(&mut unit, &mut charge, intent).await?;
    let outcome = if charge.status.is_taken() {
        charge.refuse_if_given_up()
    } else if charge.undo_started_at.is_some() {
        Err(FinanceError::GivenUp)
    } else {
        let code = refusal.unwrap_or_else(|| "not_captured".to_owned());
        charges::announce_refused_capture(&mut unit, &charge, &code).await?;
        Err(FinanceError::PaymentFailed { code })
    };
    unit.commit().await?;
    outcome.map(|()| charge)
}

/// Undoes the capture: cancels what was not taken, returns what was. Nothing to undo is a success. A bank debit that is
/// under way can do neither yet; its webhook finishes the undo. Error: `TRANSIENT`.
pub async fn undo_capture(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut charge = charges::lock_of(&mut unit, lbg_id, charge_id).await?;
    charges::step(&mut unit, &mut charge, Trigger::BeginUndo).await?;
    unit.commit().await?;
    finish_undo(store, payments, caller, charge_id).await
}

/// How an undo ended at Stripe.
enum Undone {
    Cancelled,
    Returned(PaymentIntent, Refund),
}

/// Carries a begun undo to its end; a charge that is not being undone is answered as it is.
pub(crate) async fn finish_undo(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let charge = charges::get(&mut store.unit(caller).await?, charge_id).await?;
    let undone = match (&charge.payment_intent_id, charge.status) {
        // A charge that ended by itself can still have a PaymentIntent that was made meanwhile.
        (Some(id), ChargeStatus::Undoing | ChargeStatus::Canceled) => {
            undo_at_stripe(payments, &charge, id).await?
        }
        (None, ChargeStatus::Undoing) => Some(Undone::Cancelled),
        _ => return Ok(charge),
    };
    let Some(undone) = undone else { return Ok(charge) };
    let mut unit = store.unit(caller).await?;
    let mut charge = charges::lock(&mut unit, charge_id).await?;
    if charge.status == ChargeStatus::Undoing {
        match undone {
            Undone::Cancelled => charges::step(&mut unit, &mut charge, Trigger::UndoneByCancel).await?,
            Undone::Returned(intent, refund) => {
                let splits = charges::splits(&mut unit, charge_id).await?;
                if charge.captured == Cents::ZERO {
                    // Taken between our phases: the books show both movements, as Stripe's do.
                    charges::take(&mut unit, &mut charge, &intent).await?;
                }
                charge.refunded = charge.captured;
                charges::step(&mut unit, &mut charge, Trigger::UndoneByRefund).await?;
                ledger::post(&mut unit, &ledger::refund(&charge, &splits)).await?;
                fees::reverse(&mut unit, &charge, &splits).await?;
                refunds::record_undo(&mut unit, &charge, &splits, &refund).await?;
            }
        }
        wallet::give_back(&mut unit, &charge).await?;
        unit.audit("charge.undone", charge_id, serde_json::json!({ "refunded_cents": charge.refunded }));
        unit.commit().await?;
    }
    Ok(charge)
}

/// Cancels or refunds, whichever the PaymentIntent's state asks for; none when it can do neither yet.
async fn undo_at_stripe(
    payments: &dyn Payments,
    charge: &Charge,
    intent_id: &str,
) -> Result<Option<Undone>, FinanceError> {
    let charge_id = charge.charge_id;
    for _ in 0..UNDO_LOOKS_MAX {
        let intent = payments.payment_intent(intent_id).await?;
        match intent.status {
            IntentStatus::Canceled => return Ok(Some(Undone::Cancelled)),
            IntentStatus::Succeeded => {
                let refund = match returned_before(payments, charge, &intent).await? {
                    Some(refund) => refund,
                    None => {
                        let key = format!("undo:{charge_id}");
                        payments.refund(&key, intent_id, intent.amount_received, metadata(charge)).await?
                    }
                };
                if refund.status == RefundStatus::Failed {
                    return Err(PaymentError::Refused { code: "refund_failed".to_owned() }.into());
                }
                return Ok(Some(Undone::Returned(intent, refund)));
            }
            status @ (IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction
            | IntentStatus::RequiresCapture
            | IntentStatus::Processing) => {
                // A refusal is remembered under its key, so each state has a key of its own.
                let key = format!("cancel:{charge_id}:{status:?}");
                match payments.cancel(&key, intent_id).await {
                    Ok(_) => return Ok(Some(Undone::Cancelled)),
                    Err(PaymentError::UnexpectedState { .. }) if status == IntentStatus::Processing => {
                        return Ok(None);
                    }
                    // Taken or cancelled since the look: look again.
                    Err(PaymentError::UnexpectedState { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
    Err(PaymentError::Unavailable("the payment keeps changing".to_owned()).into())
}

/// The refund of an earlier attempt at this undo. Stripe forgets a key after a day and then refuses the repeated refund,
/// so an undo that is started again later has to find it.
async fn returned_before(
    payments: &dyn Payments,
    charge: &Charge,
    intent: &PaymentIntent,
) -> Result<Option<Refund>, FinanceError> {
    let charge_id = charge.charge_id.to_string();
    let earlier = payments.refunds(&intent.id).await?.into_iter().find(|listed| {
        listed.refund.status != RefundStatus::Failed
            && listed.amount == intent.amount_received
            && listed.metadata.get("charge_id") == Some(&charge_id)
    });
    Ok(earlier.map(|listed| listed.refund))
}

/// Commits the tax of every leg. Errors: `CHK_ATOMIC_FAIL` when the charge was given up, `WRONG_STATE` when the money was
/// not taken or a leg's tax never quoted, `INTERNAL` when quote and charge differ.
pub async fn commit_tax(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), FinanceError> {
    let mut unit = store.unit(caller).await?;
    let charge = charges::lock_taken(&mut unit, lbg_id, charge_id).await?;
    let splits = charges::splits(&mut unit, charge_id).await?;
    tax::commit(&mut unit, &charge, &splits).await?;
    unit.commit().await?;
    Ok(())
}

/// Takes back committed tax and fences the charge, so that a late commit finds it given up. Answers with the number of
/// records that were taken back.
pub async fn undo_tax(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<u64, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut charge = charges::lock_of(&mut unit, lbg_id, charge_id).await?;
    charges::step(&mut unit, &mut charge, Trigger::BeginUndo).await?;
    let voided = tax::void(&mut unit, &charge).await?;
    unit.commit().await?;
    Ok(voided)
}
