//! The general ledger: journals of balanced lines (§1.9.D). What a journal says is computed by pure functions; writing it
//! twice writes it once.

use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, Currency, GlEntryId, JournalId, LbgId, LegId, event::NewEvent};

use crate::{Charge, FinanceError, Split, tax::same};

/// An account of the chart (§1.9.D).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// Money that Stripe keeps for us.
    Cash,
    /// What sellers are owed, with the service tax that they remit.
    SellerPayable,
    /// Tax on our fees, owed to the authorities.
    PlatformFeeTax,
    /// Fees taken and not earned yet.
    DeferredFees,
    /// Fees earned.
    FeeRevenue,
}

impl Account {
    /// Name in the chart.
    pub fn name(self) -> &'static str {
        match self {
            Account::Cash => "Cash:Stripe",
            Account::SellerPayable => "Liability:SellerPayable",
            Account::PlatformFeeTax => "Liability:TaxPayable:PlatformFeeTax",
            Account::DeferredFees => "Deferred:PlatformFees",
            Account::FeeRevenue => "Revenue:PlatformFees",
        }
    }
}

/// What kind of movement a journal is; with its source it is written once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JournalKind {
    /// D.1: the buyer's money was taken.
    Capture,
    /// D.2: the fee of a leg was earned.
    Earn,
    /// D.3: a seller was sent money.
    Payout,
    /// D.4: money was returned before it was earned.
    Refund,
}

impl JournalKind {
    fn name(self) -> &'static str {
        match self {
            JournalKind::Capture => "capture",
            JournalKind::Earn => "earn",
            JournalKind::Payout => "payout",
            JournalKind::Refund => "refund",
        }
    }
}

/// A line of a journal; one of the two amounts is zero. Cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Account.
    pub account: Account,
    /// Leg that it is about.
    pub leg_id: Option<LegId>,
    /// Amount on the left.
    pub debit: Cents,
    /// Amount on the right.
    pub credit: Cents,
}

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// What kind.
    pub kind: JournalKind,
    /// Id of the row that caused it.
    pub source_id: String,
    /// The order.
    pub lbg_id: LbgId,
    /// The provider's id, such as `pi_…` or `tr_…`.
    pub ext_ref: Option<String>,
    /// Lines; those of nothing are left out when it is written.
    pub lines: Vec<Line>,
}

fn debit(account: Account, leg_id: Option<LegId>, amount: Cents) -> Line {
    Line { account, leg_id, debit: amount, credit: Cents::ZERO }
}

fn credit(account: Account, leg_id: Option<LegId>, amount: Cents) -> Line {
    Line { account, leg_id, debit: Cents::ZERO, credit: amount }
}

/// D.1: cash against what is owed to sellers, the deferred fees and the tax on them.
pub fn capture(charge: &Charge, splits: &[Split]) -> Journal {
    let mut lines = vec![debit(Account::Cash, None, charge.amount)];
    for split in splits {
        let leg = Some(split.leg_id);
        lines.push(credit(Account::SellerPayable, leg, split.seller_share()));
        lines.push(credit(Account::DeferredFees, leg, split.platform_fee));
        lines.push(credit(Account::PlatformFeeTax, leg, split.platform_fee_tax));
    }
    journal_of(charge, JournalKind::Capture, lines)
}

/// D.4 before completion: everything that the capture wrote, the other way round.
pub fn refund(charge: &Charge, splits: &[Split]) -> Journal {
    let mut lines = Vec::new();
    for line in capture(charge, splits).lines {
        lines.push(Line { debit: line.credit, credit: line.debit, ..line });
    }
    journal_of(charge, JournalKind::Refund, lines)
}

fn journal_of(charge: &Charge, kind: JournalKind, lines: Vec<Line>) -> Journal {
    Journal {
        kind,
        source_id: charge.charge_id.to_string(),
        lbg_id: charge.lbg_id,
        ext_ref: charge.payment_intent_id.clone(),
        lines,
    }
}

/// D.2: the fee of a completed leg becomes revenue.
pub fn earn(charge: &Charge, split: &Split) -> Journal {
    let leg = Some(split.leg_id);
    Journal {
        kind: JournalKind::Earn,
        source_id: format!("{}/{}", charge.charge_id, split.leg_id),
        lbg_id: charge.lbg_id,
        ext_ref: None,
        lines: vec![
            debit(Account::DeferredFees, leg, split.platform_fee),
            credit(Account::FeeRevenue, leg, split.platform_fee),
        ],
    }
}

/// Writes a journal, once. Answers whether it was new; a journal of nothing is not written. Error: `INTERNAL` when the
/// sides differ, before the database refuses it too.
pub async fn post(unit: &mut Unit, journal: &Journal) -> Result<bool, FinanceError> {
    let debits: Cents = journal.lines.iter().map(|line| line.debit).sum();
    let credits: Cents = journal.lines.iter().map(|line| line.credit).sum();
    same("sides of a journal", debits, credits)?;
    if debits == Cents::ZERO {
        return Ok(false);
    }
    let (journal_id, now): (JournalId, _) = (unit.mint(), unit.now());
    let written = sqlx::query(
        "insert into finance.gl_journal (journal_id, kind, source_id, lbg_id, ext_ref, occurred_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (kind, source_id) do nothing",
    )
    .bind(journal_id)
    .bind(journal.kind.name())
    .bind(&journal.source_id)
    .bind(journal.lbg_id)
    .bind(&journal.ext_ref)
    .bind(now)
    .execute(unit.conn())
    .await?
    .rows_affected();
    if written == 0 {
        return Ok(false);
    }
    for line in journal.lines.iter().filter(|line| line.debit != line.credit) {
        let gl_id: GlEntryId = unit.mint();
        sqlx::query(
            "insert into finance.gl_entry (gl_id, journal_id, account, leg_id, debit_cents, credit_cents)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(gl_id)
        .bind(journal_id)
        .bind(line.account.name())
        .bind(line.leg_id)
        .bind(line.debit)
        .bind(line.credit)
        .execute(unit.conn())
        .await?;
    }
    let event = NewEvent::new("finance", "gl.entry.write")
        .id("journal_id", journal_id)
        .id("lbg_id", journal.lbg_id)
        .money(debits, Currency::USD)
        .fact("kind", journal.kind.name());
    unit.publish(event).await?;
    Ok(true)
}
