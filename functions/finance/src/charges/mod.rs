//! The buyer's charge for one order: its rows, its splits and the one way its state moves. Calls to Stripe are in `intent`.

mod intent;
mod state;

use chrono::{DateTime, Utc};
use rastup_providers::stripe::{PaymentIntent, PaymentMethod};
use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, ChargeId, Currency, LbgId, LegId, UserId, event::NewEvent};
use serde::{Deserialize, Serialize};

use crate::{FinanceError, fees, ledger, tax::same, wallet};

pub use intent::{IntentSecret, cancel, create_intent, customer, refresh};
pub use state::{ChargeStatus, Trigger};

/// How the buyer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Method {
    /// A card: authorised by the client, captured by the confirmation.
    Card,
    /// A bank debit: counts when it has succeeded.
    AchDebit,
}

impl From<Method> for PaymentMethod {
    fn from(method: Method) -> PaymentMethod {
        match method {
            Method::Card => PaymentMethod::Card,
            Method::AchDebit => PaymentMethod::AchDebit,
        }
    }
}

/// What a charge pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Purpose {
    /// The order as it was agreed: one live charge per order.
    Booking,
    /// A change of a confirmed leg: one live charge per amendment.
    Amendment,
    /// A tip: one live charge per tip.
    Tip,
}

/// A charge as it is stored. Amounts in cents of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Charge {
    /// Identity.
    pub charge_id: ChargeId,
    /// The order.
    pub lbg_id: LbgId,
    /// What it pays.
    pub purpose: Purpose,
    /// The amendment or tip that it pays; none for the order itself.
    pub source_id: Option<String>,
    /// Who pays.
    pub buyer_user_id: UserId,
    /// How.
    pub method: Method,
    /// How far it is.
    pub status: ChargeStatus,
    /// What is charged: the sum of the splits without what wallet and credits pay.
    #[sqlx(rename = "amount_cents")]
    pub amount: Cents,
    /// What was taken.
    #[sqlx(rename = "captured_cents")]
    pub captured: Cents,
    /// What was returned.
    #[sqlx(rename = "refunded_cents")]
    pub refunded: Cents,
    /// Currency of the amounts.
    pub currency: Currency,
    /// `pi_…`, once Stripe knows of the charge.
    pub payment_intent_id: Option<String>,
    /// `ch_…` of the latest attempt.
    pub processor_charge_id: Option<String>,
    /// Why the last attempt failed, such as `card_declined`.
    pub last_error_code: Option<String>,
    /// What Stripe last said of the PaymentIntent.
    intent_status: Option<String>,
    /// Since when the charge is fenced: nothing may take or count its money any more.
    pub undo_started_at: Option<DateTime<Utc>>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

impl Charge {
    /// An error when the charge was given up, so that a step that comes late has no effect.
    pub(crate) fn refuse_if_given_up(&self) -> Result<(), FinanceError> {
        let ended = match self.status {
            ChargeStatus::Undoing | ChargeStatus::Canceled | ChargeStatus::Refunded => true,
            ChargeStatus::RequiresAction
            | ChargeStatus::Failed
            | ChargeStatus::Processing
            | ChargeStatus::Authorized
            | ChargeStatus::Capturing
            | ChargeStatus::Captured
            | ChargeStatus::Succeeded => false,
        };
        if ended || self.undo_started_at.is_some() { Err(FinanceError::GivenUp) } else { Ok(()) }
    }

    /// The PaymentIntent. Error: `WRONG_STATE` before there is one.
    pub(crate) fn intent_id(&self) -> Result<&str, FinanceError> {
        let missing = FinanceError::WrongState("The charge has no payment yet.");
        self.payment_intent_id.as_deref().ok_or(missing)
    }
}

/// The part of a charge that pays one leg; `amount` is the sum of the other four. Cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Split {
    /// The leg.
    pub leg_id: LegId,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// What the buyer pays for the leg.
    #[sqlx(rename = "amount_cents")]
    pub amount: Cents,
    /// The seller's price.
    #[sqlx(rename = "seller_subtotal_cents")]
    pub seller_subtotal: Cents,
    /// Tax on it; who remits it says `platform_remits`.
    #[sqlx(rename = "service_tax_cents")]
    pub service_tax: Cents,
    /// The platform's fee.
    #[sqlx(rename = "platform_fee_cents")]
    pub platform_fee: Cents,
    /// Tax on the fee, which the platform remits.
    #[sqlx(rename = "platform_fee_tax_cents")]
    pub platform_fee_tax: Cents,
    /// What of it the buyer's wallet pays.
    #[sqlx(rename = "wallet_cents")]
    pub wallet: Cents,
    /// What of it promotional credits pay; at most the platform's fee.
    #[sqlx(rename = "credit_cents")]
    pub credit: Cents,
    /// True when the platform is merchant of record and remits the service tax; frozen with the price.
    pub platform_remits: bool,
}

impl Split {
    /// What of it is charged.
    pub fn charged(&self) -> Cents {
        self.amount - self.wallet - self.credit
    }
    /// The split as it is priced, before wallet and credits.
    pub fn without_credits(self) -> Split {
        Split { wallet: Cents::ZERO, credit: Cents::ZERO, ..self }
    }
    /// What the seller is owed: the price, with the service tax where the seller remits it (§1.9.D.1).
    pub fn seller_share(&self) -> Cents {
        self.seller_subtotal + self.service_tax - self.remitted_by_platform()
    }
    /// The service tax that the platform owes to the authorities as merchant of record.
    pub fn remitted_by_platform(&self) -> Cents {
        if self.platform_remits { self.service_tax } else { Cents::ZERO }
    }
}

/// What to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCharge {
    /// The order.
    pub lbg_id: LbgId,
    /// What it pays.
    pub purpose: Purpose,
    /// The amendment or tip; none for the order itself.
    pub source_id: Option<String>,
    /// Who pays.
    pub buyer_user_id: UserId,
    /// How.
    pub method: Method,
    /// Parts per leg; their sum is charged.
    pub splits: Vec<Split>,
}

/// Opens the charge of an order. The open charge is answered when it is the same; a given-up one makes room for another.
/// What the wallet pays of it is debited. Errors: `WRONG_STATE` when an open charge has another buyer, method or price;
/// `WALLET_INSUFFICIENT_FUNDS` when the wallet does not hold its part any more; `INTERNAL` when parts do not add up.
pub async fn open(unit: &mut Unit, new: &NewCharge) -> Result<Charge, FinanceError> {
    for split in &new.splits {
        let parts = split.seller_subtotal + split.service_tax + split.platform_fee + split.platform_fee_tax;
        same("split of a leg", split.amount, parts)?;
    }
    let (charge_id, now): (ChargeId, _) = (unit.mint(), unit.now());
    let amount: Cents = new.splits.iter().map(Split::charged).sum();
    let opened = sqlx::query(
        "insert into finance.charge (charge_id, lbg_id, purpose, source_id, buyer_user_id, method, status,
             amount_cents, currency, created_at, updated_at)
         values ($1, $2, $7, $8, $3, $4, 'requires_action', $5, 'USD', $6, $6)
         on conflict do nothing",
    )
    .bind(charge_id)
    .bind(new.lbg_id)
    .bind(new.buyer_user_id)
    .bind(new.method)
    .bind(amount)
    .bind(now)
    .bind(new.purpose)
    .bind(&new.source_id)
    .execute(unit.conn())
    .await?
    .rows_affected();
    if opened == 0 {
        return reopen(unit, new).await;
    }
    for split in &new.splits {
        sqlx::query(
            "insert into finance.charge_split (charge_id, leg_id, seller_user_id, amount_cents,
                 seller_subtotal_cents, service_tax_cents, platform_fee_cents, platform_fee_tax_cents, wallet_cents,
                 credit_cents, platform_remits)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(charge_id)
        .bind(split.leg_id)
        .bind(split.seller_user_id)
        .bind(split.amount)
        .bind(split.seller_subtotal)
        .bind(split.service_tax)
        .bind(split.platform_fee)
        .bind(split.platform_fee_tax)
        .bind(split.wallet)
        .bind(split.credit)
        .bind(split.platform_remits)
        .execute(unit.conn())
        .await?;
    }
    unit.audit("charge.open", charge_id, serde_json::json!({ "amount_cents": amount }));
    let charge = lock(unit, charge_id).await?;
    wallet::debit_for(unit, &charge, new.splits.iter().map(|split| split.wallet).sum()).await?;
    Ok(charge)
}

async fn reopen(unit: &mut Unit, new: &NewCharge) -> Result<Charge, FinanceError> {
    let found = match &new.source_id {
        None => current(unit, new.lbg_id).await?,
        Some(source_id) => of_source(unit, new.purpose, source_id).await?,
    };
    let charge = found.ok_or(FinanceError::AnotherChargeOpen)?;
    let mut wanted = new.splits.clone();
    wanted.sort_by_key(|split| split.leg_id);
    let unchanged = charge.buyer_user_id == new.buyer_user_id
        && charge.method == new.method
        && splits(unit, charge.charge_id).await? == wanted;
    if unchanged { Ok(charge) } else { Err(FinanceError::AnotherChargeOpen) }
}

/// The newest charge of an amendment or tip, given up or not.
pub async fn of_source(
    unit: &mut Unit,
    purpose: Purpose,
    source_id: &str,
) -> Result<Option<Charge>, sqlx::Error> {
    sqlx::query_as(
        "select * from finance.charge where purpose = $1 and source_id = $2
         order by (status not in ('canceled', 'refunded')) desc, created_at desc, charge_id desc limit 1",
    )
    .bind(purpose)
    .bind(source_id)
    .fetch_optional(unit.conn())
    .await
}

/// The newest charge of the order itself, given up or not.
pub async fn current(unit: &mut Unit, lbg_id: LbgId) -> Result<Option<Charge>, sqlx::Error> {
    sqlx::query_as(
        "select * from finance.charge where lbg_id = $1 and purpose = 'booking'
         order by (status not in ('canceled', 'refunded')) desc, created_at desc, charge_id desc limit 1",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await
}

/// A charge by its id. Error: `NOT_FOUND`.
pub async fn get(unit: &mut Unit, charge_id: ChargeId) -> Result<Charge, FinanceError> {
    let found = sqlx::query_as("select * from finance.charge where charge_id = $1")
        .bind(charge_id)
        .fetch_optional(unit.conn())
        .await?;
    found.ok_or(FinanceError::NoSuchCharge)
}

/// Parts of a charge, by leg id.
pub async fn splits(unit: &mut Unit, charge_id: ChargeId) -> Result<Vec<Split>, sqlx::Error> {
    sqlx::query_as("select * from finance.charge_split where charge_id = $1 order by leg_id")
        .bind(charge_id)
        .fetch_all(unit.conn())
        .await
}

/// Reads a charge and locks it until the unit ends. Error: `NOT_FOUND`.
pub async fn lock(unit: &mut Unit, charge_id: ChargeId) -> Result<Charge, FinanceError> {
    let found = sqlx::query_as("select * from finance.charge where charge_id = $1 for update")
        .bind(charge_id)
        .fetch_optional(unit.conn())
        .await?;
    found.ok_or(FinanceError::NoSuchCharge)
}

/// Locks the charge of an order. Error: `NOT_FOUND` also when it is another order's.
pub(crate) async fn lock_of(
    unit: &mut Unit,
    lbg_id: LbgId,
    charge_id: ChargeId,
) -> Result<Charge, FinanceError> {
    let charge = lock(unit, charge_id).await?;
    if charge.lbg_id == lbg_id { Ok(charge) } else { Err(FinanceError::NoSuchCharge) }
}

/// Locks a charge whose money must be there: what a confirmation rests on. Errors: `CHK_ATOMIC_FAIL` when it was given
/// up, `CHK_CARD_ACTION_REQUIRED` or `CHK_ACH_NOT_VERIFIED` when nothing was taken.
pub async fn lock_taken(unit: &mut Unit, lbg_id: LbgId, charge_id: ChargeId) -> Result<Charge, FinanceError> {
    let charge = lock_of(unit, lbg_id, charge_id).await?;
    charge.refuse_if_given_up()?;
    if charge.status.is_taken() { Ok(charge) } else { Err(not_taken(&charge)) }
}

/// Why a charge cannot be taken as it is.
pub(crate) fn not_taken(charge: &Charge) -> FinanceError {
    match (charge.method, charge.status, &charge.last_error_code) {
        (_, ChargeStatus::Failed, Some(code)) => FinanceError::PaymentFailed { code: code.clone() },
        (Method::Card, _, _) => FinanceError::CardNotAuthorized,
        (Method::AchDebit, _, _) => FinanceError::DebitNotSucceeded,
    }
}

/// Moves a locked charge by a trigger of ours. Error: `WRONG_STATE` when the table does not allow it.
pub(crate) async fn step(unit: &mut Unit, charge: &mut Charge, trigger: Trigger) -> Result<(), FinanceError> {
    let next = charge.status.after(trigger);
    charge.status = next.ok_or(FinanceError::WrongState("The charge's state does not allow this."))?;
    if trigger == Trigger::BeginUndo && charge.undo_started_at.is_none() {
        charge.undo_started_at = Some(unit.now());
    }
    save(unit, charge).await
}

pub(crate) async fn save(unit: &mut Unit, charge: &Charge) -> Result<(), FinanceError> {
    let now = unit.now();
    sqlx::query(
        "update finance.charge set status = $2, captured_cents = $3, refunded_cents = $4, payment_intent_id = $5,
             processor_charge_id = $6, last_error_code = $7, intent_status = $8, undo_started_at = $9,
             updated_at = $10
         where charge_id = $1",
    )
    .bind(charge.charge_id)
    .bind(charge.status)
    .bind(charge.captured)
    .bind(charge.refunded)
    .bind(&charge.payment_intent_id)
    .bind(&charge.processor_charge_id)
    .bind(&charge.last_error_code)
    .bind(&charge.intent_status)
    .bind(charge.undo_started_at)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Applies what Stripe says of the PaymentIntent to a locked charge. What comes late is ignored, what comes twice changes
/// nothing; an event is published for each change.
pub(crate) async fn observe(
    unit: &mut Unit,
    charge: &mut Charge,
    intent: &PaymentIntent,
) -> Result<(), FinanceError> {
    same("amount of the payment", charge.amount, intent.amount)?;
    if charge.undo_started_at.is_some() {
        // The undo alone decides how a given-up charge ends.
        return Ok(());
    }
    let Some(trigger) = state::trigger_of(charge.method, intent) else { return Ok(()) };
    let Some(next) = charge.status.after(trigger) else {
        tracing::info!(charge_id = %charge.charge_id, status = ?charge.status, ?trigger, "late news of a payment");
        return Ok(());
    };
    let seen = format!("{:?}", intent.status);
    let code = match trigger {
        Trigger::Declined => intent.last_error_code.clone(),
        Trigger::Lapsed => Some("canceled".to_owned()),
        _ => None,
    };
    let repeated = charge.status == next
        && charge.intent_status.as_ref() == Some(&seen)
        && charge.last_error_code == code;
    if repeated {
        return Ok(());
    }
    let newly_taken = next.is_taken() && !charge.status.is_taken();
    charge.status = next;
    charge.intent_status = Some(seen);
    charge.last_error_code = code;
    charge.payment_intent_id.get_or_insert_with(|| intent.id.clone());
    if intent.latest_charge.is_some() {
        charge.processor_charge_id.clone_from(&intent.latest_charge);
    }
    if newly_taken {
        take(unit, charge, intent).await?;
    } else {
        save(unit, charge).await?;
    }
    if next == ChargeStatus::Canceled {
        wallet::give_back(unit, charge).await?;
    }
    announce(unit, charge, trigger).await
}

/// Writes down that the money was taken: cash, what is owed for it, and the deferred fee of each leg (§1.9.D.1).
pub(crate) async fn take(
    unit: &mut Unit,
    charge: &mut Charge,
    intent: &PaymentIntent,
) -> Result<(), FinanceError> {
    same("amount taken", charge.amount, intent.amount_received)?;
    charge.captured = charge.amount;
    if intent.latest_charge.is_some() {
        charge.processor_charge_id.clone_from(&intent.latest_charge);
    }
    save(unit, charge).await?;
    let splits = splits(unit, charge.charge_id).await?;
    ledger::post(unit, &ledger::capture(charge, &splits)).await?;
    fees::defer(unit, charge, &splits).await
}

fn event_of(charge: &Charge, name: &'static str) -> NewEvent {
    let event = NewEvent::new("finance", name)
        .id("lbg_id", charge.lbg_id)
        .id("charge_id", charge.charge_id)
        .user(charge.buyer_user_id)
        .money(charge.amount, charge.currency)
        .fact("status", charge.status.public_name())
        .fact("method", serde_json::json!(charge.method));
    match &charge.last_error_code {
        Some(code) => event.fact("error_code", code.clone()),
        None => event,
    }
}

async fn announce(unit: &mut Unit, charge: &Charge, trigger: Trigger) -> Result<(), FinanceError> {
    let names: &[&'static str] = match trigger {
        Trigger::ActionRequired => &["payment.intent.requires_action"],
        Trigger::Declined | Trigger::Lapsed => &["payment.intent.failed"],
        Trigger::DebitStarted => &["payment.intent.processing"],
        Trigger::CardAuthorized => &["payment.intent.authorized"],
        Trigger::CardCaptured => &["payment.capture.succeeded"],
        Trigger::DebitSucceeded => &["payment.intent.succeeded", "payment.capture.succeeded"],
        Trigger::BeginCapture | Trigger::BeginUndo | Trigger::UndoneByCancel | Trigger::UndoneByRefund => &[],
    };
    for name in names {
        unit.publish(event_of(charge, name)).await?;
    }
    Ok(())
}

/// Publishes that a capture was refused.
pub(crate) async fn announce_refused_capture(
    unit: &mut Unit,
    charge: &Charge,
    code: &str,
) -> Result<(), FinanceError> {
    unit.publish(event_of(charge, "payment.capture.failed").fact("error_code", code)).await?;
    Ok(())
}
