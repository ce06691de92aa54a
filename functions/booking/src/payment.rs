//! Paying an order: reserving its time with the charge, and starting the confirmation once the charge stands.

use std::sync::Arc;

use finance::{
    charges::{self, Charge, ChargeStatus, IntentSecret, Method, NewCharge, Purpose, Split},
    wallet,
};
use rastup_providers::stripe::{Payments, SetupIntent};
use rastup_runtime::Sagas;
use rastup_store::{
    Caller, Store, Unit,
    idempotency::{self, Begun},
};
use rastup_types::{Cents, ChargeId, LbgId};
use serde_json::{Value, json};

use crate::{
    agreement,
    attempt::{self, AttemptState},
    calendar,
    deposit::{self, Deposit},
    error::BookingError,
    lifecycle::LegStatus,
    order::{self, Order},
    time,
};

/// What paying needs.
#[derive(Clone)]
pub struct Cashier {
    /// The database.
    pub store: Store,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// The state machines.
    pub sagas: Arc<dyn Sagas>,
}

/// What a client needs to pay.
#[derive(Clone)]
pub struct Payable {
    /// The charge.
    pub charge: Charge,
    /// The PaymentIntent.
    pub intent: IntentSecret,
    /// Saves the card for the studio's deposit.
    pub setup: Option<SetupIntent>,
    /// Until when the legs' time is kept.
    pub hold_expires_at: chrono::DateTime<chrono::Utc>,
}

/// Opens the payment of an order and reserves the time of every leg with it, in one transaction; then makes the
/// PaymentIntent, and the SetupIntent of a deposit. A repetition answers with the same objects.
/// Errors: `CHK_DOCS_REQUIRED`, `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL`, `WALLET_STALE_APPLY`,
/// `WALLET_INSUFFICIENT_FUNDS`, `WRONG_STATE`, `NOT_FOUND`.
pub async fn create_intent(
    cashier: &Cashier,
    caller: &Caller,
    lbg_id: LbgId,
    method: Method,
    request_key: Option<&str>,
) -> Result<Payable, BookingError> {
    give_up_other_method(cashier, caller, lbg_id, method).await?;
    let (charge, deposit, hold_expires_at) =
        reserve(&cashier.store, caller, lbg_id, method, request_key).await?;
    let payments = cashier.payments.as_ref();
    let intent = charges::create_intent(&cashier.store, payments, caller, charge.charge_id).await?;
    let setup = match &deposit {
        None => None,
        Some(deposit) => Some(setup_intent(cashier, caller, &charge, deposit).await?),
    };
    Ok(Payable { charge, intent, setup, hold_expires_at })
}

/// A buyer who changes from card to bank or back gives up the payment that was not made yet.
async fn give_up_other_method(
    cashier: &Cashier,
    caller: &Caller,
    lbg_id: LbgId,
    method: Method,
) -> Result<(), BookingError> {
    let mut unit = cashier.store.unit(caller).await?;
    order::lock_own(&mut unit, lbg_id).await?;
    let other = charges::current(&mut unit, lbg_id).await?.filter(|charge| {
        let is_unpaid = matches!(charge.status, ChargeStatus::RequiresAction | ChargeStatus::Failed);
        // A change that was interrupted is finished here.
        charge.status == ChargeStatus::Undoing || (is_unpaid && charge.method != method)
    });
    let Some(other) = other else { return Ok(()) };
    if attempt::state(&mut unit, other.charge_id).await?.is_some() {
        return Ok(());
    }
    calendar::release(&mut unit, other.charge_id).await?;
    unit.commit().await?;
    charges::cancel(&cashier.store, cashier.payments.as_ref(), caller, other.charge_id).await?;
    Ok(())
}

/// True for a charge that stands or can still come to stand.
pub(crate) fn is_live(status: ChargeStatus) -> bool {
    !matches!(status, ChargeStatus::Canceled | ChargeStatus::Refunded)
}

async fn reserve(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    method: Method,
    request_key: Option<&str>,
) -> Result<(Charge, Option<Deposit>, chrono::DateTime<chrono::Utc>), BookingError> {
    const OPERATION: &str = "createPaymentIntent";
    let mut unit = store.unit(caller).await?;
    let order = order::lock_own(&mut unit, lbg_id).await?;
    let mut is_first = false;
    if let Some(key) = request_key {
        let payload = (lbg_id, method);
        is_first = idempotency::begin(&mut unit, OPERATION, key, &payload).await? == Begun::Fresh;
    }
    payable(&mut unit, &order).await?;
    let current = charges::current(&mut unit, lbg_id).await?.filter(|charge| is_live(charge.status));
    if attempt::is_unsettled(&mut unit, lbg_id, current.as_ref().map(|charge| charge.charge_id)).await? {
        return Err(BookingError::WrongState("An earlier payment of the order is still being undone."));
    }
    let charge = match current {
        Some(charge) if charge.method != method => {
            return Err(BookingError::WrongState("The order has a payment by another method under way."));
        }
        Some(charge) => charge,
        None => open_charge(&mut unit, &order, method).await?,
    };
    let deposit = open_deposit(&mut unit, &order, &charge).await?;
    let held = match attempt::state(&mut unit, charge.charge_id).await? {
        // The confirmation keeps the time now.
        Some(AttemptState::Running) => Some(calendar::confirming_until(unit.now())),
        Some(AttemptState::Fenced | AttemptState::Aborted | AttemptState::Confirmed) => {
            return Err(BookingError::WrongState("The order's payment is being undone."));
        }
        None => calendar::held_until(&mut unit, &order, charge.charge_id).await?,
    };
    let hold_expires_at = match held {
        Some(until) => until,
        None => {
            // What was agreed keeps its time as long as was promised, also when the payment would keep it shorter.
            let agreed = calendar::agreed_until(&mut unit, &order).await?;
            let until = calendar::hold_until(method, unit.now(), order.group.start_at);
            let until = agreed.map_or(until, |agreed| agreed.max(until));
            calendar::hold(&mut unit, &order, charge.charge_id, until).await?;
            until
        }
    };
    if let (Some(key), true) = (request_key, is_first) {
        let answer = json!({ "chargeId": charge.charge_id });
        idempotency::finish(&mut unit, OPERATION, key, &answer).await?;
    }
    unit.commit().await?;
    Ok((charge, deposit, hold_expires_at))
}

/// An order can be paid once every leg's documents are signed, and until its session starts.
async fn payable(unit: &mut Unit, order: &Order) -> Result<(), BookingError> {
    if !order.is_before_payment() {
        return Err(BookingError::WrongState("The order is paid or over."));
    }
    agreement::require(unit, order).await?;
    if !order.all(LegStatus::AwaitingPayment) {
        return Err(BookingError::DocsRequired);
    }
    for leg in &order.legs {
        if !documents::is_signed(unit, leg.leg_id).await? {
            return Err(BookingError::DocsRequired);
        }
    }
    if order.group.start_at <= unit.now() {
        return Err(BookingError::WrongState("The order's time has passed."));
    }
    Ok(())
}

/// What each leg costs, by leg id, before wallet and credits.
pub fn splits(order: &Order) -> Vec<Split> {
    let split = |leg: &order::Leg| Split {
        leg_id: leg.leg_id,
        seller_user_id: leg.seller_user_id,
        amount: leg.total_cents,
        seller_subtotal: leg.subtotal_cents,
        service_tax: leg.service_tax_cents,
        platform_fee: leg.platform_fee_cents,
        platform_fee_tax: leg.platform_fee_tax_cents,
        wallet: Cents::ZERO,
        credit: Cents::ZERO,
        platform_remits: leg.price.platform_remits,
    };
    let mut splits: Vec<Split> = order.legs.iter().map(split).collect();
    splits.sort_by_key(|split| split.leg_id);
    splits
}

async fn open_charge(unit: &mut Unit, order: &Order, method: Method) -> Result<Charge, BookingError> {
    let mut parts = splits(order);
    wallet::fund(unit, order.group.lbg_id, &mut parts).await?;
    let new = NewCharge {
        lbg_id: order.group.lbg_id,
        purpose: Purpose::Booking,
        source_id: None,
        buyer_user_id: order.group.buyer_user_id,
        method,
        splits: parts,
    };
    let charge = charges::open(unit, &new).await?;
    order::set_last_error(unit, order.group.lbg_id, None).await?;
    unit.audit("checkout.open_payment", order.group.lbg_id, json!({ "chargeId": charge.charge_id }));
    Ok(charge)
}

async fn open_deposit(
    unit: &mut Unit,
    order: &Order,
    charge: &Charge,
) -> Result<Option<Deposit>, BookingError> {
    let lbg_id = order.group.lbg_id;
    deposit::give_up_unplaced(unit, lbg_id, Some(charge.charge_id)).await?;
    for leg in order.legs.iter().filter(|leg| leg.deposit_cents.0 > 0) {
        deposit::open(unit, lbg_id, leg.leg_id, charge.charge_id, leg.deposit_cents).await?;
    }
    Ok(deposit::of_charge(unit, charge.charge_id).await?)
}

async fn setup_intent(
    cashier: &Cashier,
    caller: &Caller,
    charge: &Charge,
    deposit: &Deposit,
) -> Result<SetupIntent, BookingError> {
    let payments = cashier.payments.as_ref();
    if let Some(id) = &deposit.setup_intent_id {
        return Ok(payments.setup_intent(id).await?);
    }
    let customer = charges::customer(&cashier.store, payments, caller, charge.buyer_user_id).await?;
    let metadata = [
        ("lbg_id".to_owned(), deposit.lbg_id.to_string()),
        ("deposit_id".to_owned(), deposit.deposit_id.to_string()),
    ];
    let setup = payments.create_setup_intent(&deposit.setup_key(), &customer, metadata.into()).await?;
    let mut unit = cashier.store.unit(caller).await?;
    deposit::set_setup_intent(&mut unit, deposit.deposit_id, &setup.id).await?;
    unit.commit().await?;
    Ok(setup)
}

/// How far a confirmation is.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// State of the order.
    pub status: LegStatus,
    /// State of its charge.
    pub charge_status: ChargeStatus,
    /// True while the saga works.
    pub confirming: bool,
}

/// Looks at the charge and, once it stands, starts the confirmation; again changes nothing.
/// Errors: `CHK_CARD_ACTION_REQUIRED`, `CHK_ACH_NOT_VERIFIED`, `PAYMENT_FAILED`, `CHK_DOCS_REQUIRED`, `WRONG_STATE`.
pub async fn confirm(
    cashier: &Cashier,
    caller: &Caller,
    lbg_id: LbgId,
) -> Result<Confirmation, BookingError> {
    let mut unit = cashier.store.unit(caller).await?;
    let order = order::lock_own(&mut unit, lbg_id).await?;
    let charge = charges::current(&mut unit, lbg_id).await?;
    drop(unit);
    let charge = charge.ok_or(BookingError::WrongState("The order has no payment yet."))?;
    let status = order.status();
    if status.is_confirmed() {
        return Ok(Confirmation { status, charge_status: charge.status, confirming: false });
    }
    if !order.is_before_payment() {
        return Err(BookingError::WrongState("The order is over."));
    }
    if !order.all(LegStatus::AwaitingPayment) {
        return Err(BookingError::DocsRequired);
    }
    let payments = cashier.payments.as_ref();
    let charge = charges::refresh(&cashier.store, payments, caller, charge.charge_id).await?;
    let stands = stands(&charge)?;
    // Asked for while a bank debit is still on its way, too: when it has succeeded the buyer may be gone.
    if !deposit_card_is_saved(cashier, caller, charge.charge_id).await? {
        return Err(BookingError::CardActionRequired);
    }
    if stands {
        start_confirmation(cashier.sagas.as_ref(), lbg_id, charge.charge_id).await?;
    }
    Ok(Confirmation { status, charge_status: charge.status, confirming: stands })
}

/// True when the confirmation can go on with the charge; false while a bank debit is on its way.
fn stands(charge: &Charge) -> Result<bool, BookingError> {
    match charge.status {
        ChargeStatus::Authorized
        | ChargeStatus::Capturing
        | ChargeStatus::Captured
        | ChargeStatus::Succeeded => Ok(true),
        ChargeStatus::Processing => Ok(false),
        ChargeStatus::RequiresAction => Err(match charge.method {
            Method::Card => BookingError::CardActionRequired,
            Method::AchDebit => BookingError::AchNotVerified,
        }),
        ChargeStatus::Failed | ChargeStatus::Undoing | ChargeStatus::Canceled | ChargeStatus::Refunded => {
            Err(BookingError::PaymentFailed { code: charge.last_error_code.clone() })
        }
    }
}

/// True when the order needs no deposit, or its card is saved.
async fn deposit_card_is_saved(
    cashier: &Cashier,
    caller: &Caller,
    charge_id: ChargeId,
) -> Result<bool, BookingError> {
    let mut unit = cashier.store.unit(caller).await?;
    let deposit = deposit::of_charge(&mut unit, charge_id).await?;
    drop(unit);
    match deposit {
        None => Ok(true),
        Some(Deposit { payment_method_id: Some(_), .. }) => Ok(true),
        Some(Deposit { setup_intent_id: None, .. }) => Ok(false),
        Some(Deposit { setup_intent_id: Some(id), .. }) => {
            Ok(cashier.payments.setup_intent(&id).await?.succeeded)
        }
    }
}

/// Starts the saga under a name of its own per charge, so that however many ask for it, it runs once.
async fn start_confirmation(
    sagas: &dyn Sagas,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let input = json!({ "lbgId": lbg_id, "chargeId": charge_id });
    sagas.start("confirm_lbg", &format!("{lbg_id}-{charge_id}"), &input).await?;
    Ok(())
}

/// A charge stands, says the provider: the confirmation starts by itself, unless the deposit's card is still to be
/// saved; then the buyer's `confirmPayment` starts it. Money that is taken already does not wait for a card: without
/// one the confirmation is undone, which returns it.
pub async fn follow_success(
    cashier: &Cashier,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = cashier.store.unit(caller).await?;
    let order = order::read(&mut unit, lbg_id).await?;
    let is_taken = charges::get(&mut unit, charge_id).await?.status.is_taken();
    drop(unit);
    if !order.is_before_payment() {
        return Ok(());
    }
    if is_taken || deposit_card_is_saved(cashier, caller, charge_id).await? {
        start_confirmation(cashier.sagas.as_ref(), lbg_id, charge_id).await?;
    }
    Ok(())
}

/// A payment failed, says the provider: the order remembers the code; when the charge cannot be tried again, the
/// time that it kept is free at once.
pub async fn follow_failure(
    cashier: &Cashier,
    caller: &Caller,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<(), BookingError> {
    let mut unit = cashier.store.unit(caller).await?;
    let order = order::lock(&mut unit, lbg_id).await?;
    let charge = charges::get(&mut unit, charge_id).await?;
    let under_way = attempt::state(&mut unit, charge_id).await?.is_some();
    // A saga that has begun undoes and reports by itself.
    if !order.is_before_payment() || under_way {
        return Ok(());
    }
    // Late news of an earlier payment says nothing about the one that took its place.
    if charges::current(&mut unit, lbg_id).await?.is_none_or(|current| current.charge_id == charge_id) {
        order::set_last_error(&mut unit, lbg_id, Some("PAYMENT_FAILED")).await?;
    }
    if !is_live(charge.status) {
        calendar::release(&mut unit, charge_id).await?;
        deposit::give_up_unplaced_of(&mut unit, charge_id).await?;
    }
    unit.commit().await?;
    Ok(())
}

/// The answer to `createPaymentIntent`.
pub fn payable_json(payable: &Payable, publishable_key: &str) -> Value {
    json!({
        "chargeId": payable.charge.charge_id,
        "paymentIntentId": payable.intent.payment_intent_id,
        "clientSecret": payable.intent.client_secret,
        "amountCents": payable.charge.amount,
        "currency": "USD",
        "publishableKey": publishable_key,
        "depositSetupIntentId": payable.setup.as_ref().map(|setup| &setup.id),
        "depositSetupClientSecret": payable.setup.as_ref().and_then(|setup| setup.client_secret.as_ref()),
        "holdExpiresAt": time::text(payable.hold_expires_at),
    })
}
