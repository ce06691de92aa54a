//! What sellers are sent: one transfer per leg, after a hold by the seller's standing.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, SubsecRound, Utc};
use rastup_providers::stripe::{NewTransfer, Payments};
use rastup_store::{Caller, Store, Unit, sqlx};
use rastup_types::{Cents, ChargeId, Currency, LbgId, LegId, PayoutId, UserId, event::NewEvent};

use crate::{
    FinanceError, charges, fees, gate,
    ledger::{self, Account, Journal, JournalKind, Line},
};

/// State of a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PayoutStatus {
    /// Waits for its day.
    Queued,
    /// Sent; Stripe has not said that it arrived.
    InTransit,
    /// Arrived at the seller's account.
    Paid,
    /// Stripe refused it.
    Failed,
    /// Given up.
    Canceled,
    /// Held: the seller cannot be paid yet.
    Paused,
}

impl PayoutStatus {
    /// The state as clients see it: the schema's `PayoutStatus`.
    pub fn public_name(self) -> &'static str {
        match self {
            PayoutStatus::Queued => "QUEUED",
            PayoutStatus::InTransit => "IN_TRANSIT",
            PayoutStatus::Paid => "PAID",
            PayoutStatus::Failed => "FAILED",
            PayoutStatus::Canceled => "CANCELED",
            PayoutStatus::Paused => "PAUSED",
        }
    }
}

/// A payout.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Payout {
    /// Identity.
    pub payout_id: PayoutId,
    /// The charge that pays it.
    pub charge_id: ChargeId,
    /// The order.
    pub lbg_id: LbgId,
    /// The leg.
    pub leg_id: LegId,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// Cents.
    #[sqlx(rename = "amount_cents")]
    pub amount: Cents,
    /// Currency of the amount.
    pub currency: Currency,
    /// How far it is.
    pub status: PayoutStatus,
    /// When it may be sent; whole seconds.
    pub scheduled_for: DateTime<Utc>,
    /// `tr_…`, once it was sent.
    pub transfer_id: Option<String>,
}

/// Queues the payout of a completed leg: the seller's price and service tax, after the hold of the seller's standing. A
/// second call answers with the first. Error: `WRONG_STATE` when the leg is not paid.
pub async fn queue(unit: &mut Unit, leg_id: LegId) -> Result<Payout, FinanceError> {
    if let Some(payout) = of_leg(unit, leg_id).await? {
        return Ok(payout);
    }
    let (charge, split) = fees::paid_split(unit, leg_id).await?;
    let (hold_days,): (i32,) = sqlx::query_as(
        "select p.hold_days from finance.payout_policy p where p.standing = coalesce(
             (select a.standing from finance.connect_account a where a.seller_user_id = $1), 'default')",
    )
    .bind(split.seller_user_id)
    .fetch_one(unit.conn())
    .await?;
    let (payout_id, now): (PayoutId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into finance.payout (payout_id, charge_id, lbg_id, leg_id, seller_user_id, amount_cents, currency,
             status, scheduled_for, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, $9, $9) on conflict (leg_id, part) do nothing",
    )
    .bind(payout_id)
    .bind(charge.charge_id)
    .bind(charge.lbg_id)
    .bind(leg_id)
    .bind(split.seller_user_id)
    .bind(split.seller_share())
    .bind(charge.currency)
    // Whole seconds, because a state machine waits for them.
    .bind((now + Duration::days(i64::from(hold_days))).trunc_subsecs(0))
    .bind(now)
    .execute(unit.conn())
    .await?;
    let payout = of_leg(unit, leg_id).await?.ok_or(FinanceError::NoSuchPayout)?;
    announce(unit, &payout, "payout.queued").await?;
    Ok(payout)
}

async fn of_leg(unit: &mut Unit, leg_id: LegId) -> Result<Option<Payout>, sqlx::Error> {
    sqlx::query_as("select * from finance.payout where leg_id = $1 and part = 'leg'")
        .bind(leg_id)
        .fetch_optional(unit.conn())
        .await
}

/// Payouts of an order, by leg id.
pub async fn of_lbg(unit: &mut Unit, lbg_id: LbgId) -> Result<Vec<Payout>, sqlx::Error> {
    sqlx::query_as("select * from finance.payout where lbg_id = $1 order by leg_id")
        .bind(lbg_id)
        .fetch_all(unit.conn())
        .await
}

async fn lock(unit: &mut Unit, payout_id: PayoutId) -> Result<Payout, FinanceError> {
    let found = sqlx::query_as("select * from finance.payout where payout_id = $1 for update")
        .bind(payout_id)
        .fetch_optional(unit.conn())
        .await?;
    found.ok_or(FinanceError::NoSuchPayout)
}

async fn announce(unit: &mut Unit, payout: &Payout, name: &'static str) -> Result<(), FinanceError> {
    let scheduled = payout.scheduled_for.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let event = NewEvent::new("finance", name)
        .id("lbg_id", payout.lbg_id)
        .id("leg_id", payout.leg_id)
        .id("payout_id", payout.payout_id)
        .user(payout.seller_user_id)
        .money(payout.amount, payout.currency)
        .fact("status", payout.status.public_name())
        .fact("scheduled_for", scheduled);
    unit.publish(event).await?;
    Ok(())
}

async fn move_to(
    unit: &mut Unit,
    payout: &mut Payout,
    status: PayoutStatus,
    name: &'static str,
) -> Result<(), FinanceError> {
    let now = unit.now();
    payout.status = status;
    sqlx::query(
        "update finance.payout set status = $2, transfer_id = $3, updated_at = $4 where payout_id = $1",
    )
    .bind(payout.payout_id)
    .bind(status)
    .bind(&payout.transfer_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    announce(unit, payout, name).await
}

/// Sends a payout that is due; a second call changes nothing. Errors: `WRONG_STATE` when it is not due (then a retry
/// helps) or paused, `TRANSIENT` when Stripe does not answer, `INTERNAL` when it refuses.
pub async fn transfer(
    store: &Store,
    payments: &dyn Payments,
    caller: &Caller,
    lbg_id: LbgId,
    payout_id: PayoutId,
) -> Result<Payout, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let mut payout = lock(&mut unit, payout_id).await?;
    if payout.lbg_id != lbg_id {
        return Err(FinanceError::NoSuchPayout);
    }
    match payout.status {
        PayoutStatus::InTransit | PayoutStatus::Paid => return Ok(payout),
        PayoutStatus::Canceled => return Err(FinanceError::WrongState("The payout was given up.")),
        PayoutStatus::Queued | PayoutStatus::Failed | PayoutStatus::Paused => {}
    }
    if unit.now() < payout.scheduled_for {
        return Err(FinanceError::PayoutNotDue);
    }
    if gate::payouts_stopped(&mut unit).await? {
        return Err(FinanceError::PayoutsStopped);
    }
    let account: Option<(String,)> =
        sqlx::query_as("select account_id from finance.connect_account where seller_user_id = $1")
            .bind(payout.seller_user_id)
            .fetch_optional(unit.conn())
            .await?;
    let Some((destination,)) = account else {
        if payout.status != PayoutStatus::Paused {
            move_to(&mut unit, &mut payout, PayoutStatus::Paused, "payout.paused").await?;
            unit.commit().await?;
        }
        return Err(FinanceError::PayoutPaused);
    };
    let charge = charges::lock_taken(&mut unit, lbg_id, payout.charge_id).await?;
    unit.commit().await?;

    let new = NewTransfer {
        amount: payout.amount,
        currency: payout.currency,
        destination,
        transfer_group: lbg_id.to_string(),
        source_transaction: charge.processor_charge_id,
        metadata: BTreeMap::from([
            ("lbg_id".to_owned(), lbg_id.to_string()),
            ("payout_id".to_owned(), payout_id.to_string()),
        ]),
    };
    let sent = payments.transfer(&format!("transfer:{payout_id}"), &new).await;
    let mut unit = store.unit(caller).await?;
    let payout = match sent {
        Ok(transfer_id) => sent_as(&mut unit, payout_id, &transfer_id).await?,
        Err(error) => {
            let mut payout = lock(&mut unit, payout_id).await?;
            let refused = !matches!(error, rastup_providers::stripe::PaymentError::Unavailable(_));
            if refused && matches!(payout.status, PayoutStatus::Queued | PayoutStatus::Paused) {
                move_to(&mut unit, &mut payout, PayoutStatus::Failed, "payout.failed").await?;
                unit.commit().await?;
            }
            return Err(error.into());
        }
    };
    unit.commit().await?;
    Ok(payout)
}

/// Notes that Stripe made the transfer, and writes it to the ledger (§1.9.D.3); once.
async fn sent_as(unit: &mut Unit, payout_id: PayoutId, transfer_id: &str) -> Result<Payout, FinanceError> {
    let mut payout = lock(unit, payout_id).await?;
    match payout.status {
        PayoutStatus::InTransit | PayoutStatus::Paid | PayoutStatus::Canceled => return Ok(payout),
        PayoutStatus::Queued | PayoutStatus::Failed | PayoutStatus::Paused => {}
    }
    payout.transfer_id = Some(transfer_id.to_owned());
    move_to(unit, &mut payout, PayoutStatus::InTransit, "payout.in_transit").await?;
    let line = |account, debit, credit| Line { account, leg_id: Some(payout.leg_id), debit, credit };
    let journal = Journal {
        kind: JournalKind::Payout,
        source_id: payout_id.to_string(),
        lbg_id: Some(payout.lbg_id),
        ext_ref: Some(transfer_id.to_owned()),
        lines: vec![
            line(Account::SellerPayable, payout.amount, Cents::ZERO),
            line(Account::Cash, Cents::ZERO, payout.amount),
        ],
    };
    ledger::post(unit, &journal).await?;
    Ok(payout)
}

/// Stripe says that a transfer exists: the seller has the money. Also right when it says so before our own call returned.
pub(crate) async fn arrived(
    unit: &mut Unit,
    payout_id: PayoutId,
    transfer_id: &str,
) -> Result<bool, FinanceError> {
    let mut payout = sent_as(unit, payout_id, transfer_id).await?;
    let this_one = payout.transfer_id.as_deref() == Some(transfer_id);
    if payout.status != PayoutStatus::InTransit || !this_one {
        return Ok(false);
    }
    move_to(unit, &mut payout, PayoutStatus::Paid, "payout.paid").await?;
    Ok(true)
}
