//! A buyer's wallet (§1.9.E): credit, debit, reversal and adjustment. Each movement is one row, made once under its key, and
//! the balance never falls below nothing, whatever runs at the same time. What a checkout applies is in `checkout`.

mod adjust;
mod checkout;
mod view;

use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, ChargeId, Currency, LbgId, LegId, UserId, WalletId, WalletTxnId, event::NewEvent};

use crate::{
    Charge, FinanceError,
    ledger::{self, Account, Journal, JournalKind},
};

pub use adjust::{Adjusted, WalletChange, adjust};
pub use checkout::{CHARGE_MIN, allocate, applied, apply, fund};
pub use view::{TxnPage, Wallet, WalletTxn, of_user, txns};

/// Where credit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// What a cancellation left to the buyer as credit.
    RefundResidual,
    /// Given by staff.
    Goodwill,
    /// Earned by inviting.
    Referral,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::RefundResidual => "refund_residual",
            Source::Goodwill => "goodwill",
            Source::Referral => "referral",
        }
    }

    /// The account that the credit is taken from: a residual was owed to the buyer already, the others are our expense.
    pub fn paid_from(self) -> Account {
        match self {
            Source::RefundResidual => Account::RefundsDue,
            Source::Goodwill => Account::GoodwillExpense,
            Source::Referral => Account::PromotionExpense,
        }
    }
}

/// Credit to give.
#[derive(Debug, Clone)]
pub struct Credit<'a> {
    /// Whose wallet.
    pub user_id: UserId,
    /// More than nothing, cents.
    pub amount: Cents,
    /// Where it comes from.
    pub source: Source,
    /// The order that it is about.
    pub lbg_id: Option<LbgId>,
    /// The leg that it is about.
    pub leg_id: Option<LegId>,
    /// Derived from the row that causes it; the same key again changes nothing.
    pub key: &'a str,
}

/// A movement, before it is written.
struct Movement<'a> {
    kind: &'static str,
    source: &'static str,
    delta: Cents,
    lbg_id: Option<LbgId>,
    leg_id: Option<LegId>,
    charge: Option<&'a Charge>,
    note: Option<&'a str>,
    key: &'a str,
}

/// Gives credit, once per key, with its journal. Answers whether it was new. A refund residual is taken from
/// `Liability:RefundsDue`, so the caller's refund journal credits that account by the same amount.
/// Error: `WRONG_STATE` for an amount of nothing.
pub async fn credit(unit: &mut Unit, credit: &Credit<'_>) -> Result<bool, FinanceError> {
    if credit.amount <= Cents::ZERO {
        return Err(FinanceError::WrongState("Credit is more than nothing."));
    }
    let movement = Movement {
        kind: "credit",
        source: credit.source.name(),
        delta: credit.amount,
        lbg_id: credit.lbg_id,
        leg_id: credit.leg_id,
        charge: None,
        note: None,
        key: credit.key,
    };
    let Some(txn_id) = book(unit, credit.user_id, &movement).await? else { return Ok(false) };
    ledger::post(unit, &credit_journal(credit, txn_id)).await?;
    announce(unit, "wallet.credit", credit.user_id, txn_id, &movement).await?;
    Ok(true)
}

/// The journal of a credit.
fn credit_journal(credit: &Credit<'_>, txn_id: WalletTxnId) -> Journal {
    Journal {
        kind: JournalKind::WalletCredit,
        source_id: txn_id.to_string(),
        lbg_id: credit.lbg_id,
        ext_ref: None,
        lines: vec![
            ledger::debit(credit.source.paid_from(), credit.leg_id, credit.amount),
            ledger::credit(Account::BuyerWallet, credit.leg_id, credit.amount),
        ],
    }
}

/// Debits what the wallet pays of a charge that was just opened, in its transaction. The books follow with the capture.
/// Error: `WALLET_INSUFFICIENT_FUNDS` when the balance does not cover it any more.
pub(crate) async fn debit_for(unit: &mut Unit, charge: &Charge, amount: Cents) -> Result<(), FinanceError> {
    if amount == Cents::ZERO {
        return Ok(());
    }
    let key = format!("debit:{}", charge.charge_id);
    let movement = Movement {
        kind: "debit",
        source: "checkout_apply",
        delta: -amount,
        lbg_id: Some(charge.lbg_id),
        leg_id: None,
        charge: Some(charge),
        note: None,
        key: &key,
    };
    if let Some(txn_id) = book(unit, charge.buyer_user_id, &movement).await? {
        announce(unit, "wallet.debit", charge.buyer_user_id, txn_id, &movement).await?;
    }
    Ok(())
}

/// Gives back what the wallet paid of a charge that was given up; again changes nothing. No journal: before the capture the
/// books knew nothing of it, after it the refund's journal has its line.
pub(crate) async fn give_back(unit: &mut Unit, charge: &Charge) -> Result<Cents, FinanceError> {
    let amount = debited(unit, charge.charge_id).await?;
    if amount == Cents::ZERO {
        return Ok(amount);
    }
    let key = format!("reversal:{}", charge.charge_id);
    let movement = Movement {
        kind: "credit",
        source: "reversal",
        delta: amount,
        lbg_id: Some(charge.lbg_id),
        leg_id: None,
        charge: Some(charge),
        note: None,
        key: &key,
    };
    if let Some(txn_id) = book(unit, charge.buyer_user_id, &movement).await? {
        announce(unit, "wallet.reversal", charge.buyer_user_id, txn_id, &movement).await?;
    }
    Ok(amount)
}

/// What the wallet was debited for a charge, cents.
pub(crate) async fn debited(unit: &mut Unit, charge_id: ChargeId) -> Result<Cents, sqlx::Error> {
    let found: Option<(Cents,)> =
        sqlx::query_as("select amount_cents from finance.wallet_txn where idempotency_key = $1")
            .bind(format!("debit:{charge_id}"))
            .fetch_optional(unit.conn())
            .await?;
    Ok(found.map_or(Cents::ZERO, |(amount,)| amount))
}

/// The wallet of an account with its balance, made when there is none, locked until the unit ends.
async fn lock(unit: &mut Unit, user_id: UserId) -> Result<(WalletId, Cents), sqlx::Error> {
    let (wallet_id, now): (WalletId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into finance.wallet_account (wallet_id, user_id, created_at, updated_at)
         values ($1, $2, $3, $3) on conflict (user_id, currency) do nothing",
    )
    .bind(wallet_id)
    .bind(user_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query_as(
        "select wallet_id, balance_cents from finance.wallet_account where user_id = $1 and currency = 'USD'
         for update",
    )
    .bind(user_id)
    .fetch_one(unit.conn())
    .await
}

/// Writes a movement and the balance after it; none when the key was used before.
async fn book(
    unit: &mut Unit,
    user_id: UserId,
    movement: &Movement<'_>,
) -> Result<Option<WalletTxnId>, FinanceError> {
    let (wallet_id, balance) = lock(unit, user_id).await?;
    let known: Option<(WalletTxnId,)> =
        sqlx::query_as("select wallet_txn_id from finance.wallet_txn where idempotency_key = $1")
            .bind(movement.key)
            .fetch_optional(unit.conn())
            .await?;
    if known.is_some() {
        return Ok(None);
    }
    let after = balance + movement.delta;
    if after < Cents::ZERO {
        return Err(FinanceError::WalletInsufficient { available: balance });
    }
    let (txn_id, now, by): (WalletTxnId, _, _) = (unit.mint(), unit.now(), unit.actor().key());
    sqlx::query(
        "insert into finance.wallet_txn (wallet_txn_id, wallet_id, kind, source, amount_cents, delta_cents,
             balance_after_cents, lbg_id, leg_id, charge_id, note, idempotency_key, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(txn_id)
    .bind(wallet_id)
    .bind(movement.kind)
    .bind(movement.source)
    .bind(Cents(movement.delta.0.abs()))
    .bind(movement.delta)
    .bind(after)
    .bind(movement.lbg_id)
    .bind(movement.leg_id)
    .bind(movement.charge.map(|charge| charge.charge_id))
    .bind(movement.note)
    .bind(movement.key)
    .bind(by)
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query("update finance.wallet_account set balance_cents = $2, updated_at = $3 where wallet_id = $1")
        .bind(wallet_id)
        .bind(after)
        .bind(now)
        .execute(unit.conn())
        .await?;
    Ok(Some(txn_id))
}

async fn announce(
    unit: &mut Unit,
    name: &'static str,
    user_id: UserId,
    txn_id: WalletTxnId,
    movement: &Movement<'_>,
) -> Result<(), FinanceError> {
    let mut event = NewEvent::new("finance", name)
        .id("wallet_txn_id", txn_id)
        .user(user_id)
        .money(Cents(movement.delta.0.abs()), Currency::USD)
        .fact("source", movement.source);
    if let Some(lbg_id) = movement.lbg_id {
        event = event.id("lbg_id", lbg_id);
    }
    if let Some(charge) = movement.charge {
        event = event.id("charge_id", charge.charge_id);
    }
    unit.publish(event).await?;
    Ok(())
}
