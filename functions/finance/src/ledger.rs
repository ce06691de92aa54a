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
    /// Money that Stripe paid out to our bank.
    Bank,
    /// What sellers owe us: payouts that refunds and lost disputes came after.
    SellerReceivable,
    /// Differences to the processor that nobody has explained yet.
    Suspense,
    /// What sellers are owed and we keep for a while as a reserve.
    SellerReserve,
    /// Service tax where the platform is merchant of record, owed to the authorities.
    ServiceTax,
    /// Buyers' wallets.
    BuyerWallet,
    /// What buyers are owed because a refund failed at their bank.
    RefundsDue,
    /// Fees for instant payouts.
    InstantPayoutRevenue,
    /// Fees kept from cancelled legs, and penalties.
    CancellationRevenue,
    /// What Stripe takes for payments.
    ProcessingExpense,
    /// Lost disputes.
    ChargebackExpense,
    /// Wallet credits given out of goodwill.
    GoodwillExpense,
    /// Fees that promotional and referral credits paid.
    PromotionExpense,
}

impl Account {
    /// Every account.
    pub const ALL: [Account; 18] = [
        Account::Cash,
        Account::SellerPayable,
        Account::PlatformFeeTax,
        Account::DeferredFees,
        Account::FeeRevenue,
        Account::Bank,
        Account::SellerReceivable,
        Account::Suspense,
        Account::SellerReserve,
        Account::ServiceTax,
        Account::BuyerWallet,
        Account::RefundsDue,
        Account::InstantPayoutRevenue,
        Account::CancellationRevenue,
        Account::ProcessingExpense,
        Account::ChargebackExpense,
        Account::GoodwillExpense,
        Account::PromotionExpense,
    ];

    /// The account of a name in the chart.
    pub fn of_name(name: &str) -> Option<Account> {
        Account::ALL.into_iter().find(|account| account.name() == name)
    }

    /// Name in the chart.
    pub fn name(self) -> &'static str {
        match self {
            Account::Cash => "Cash:Stripe",
            Account::SellerPayable => "Liability:SellerPayable",
            Account::PlatformFeeTax => "Liability:TaxPayable:PlatformFeeTax",
            Account::DeferredFees => "Deferred:PlatformFees",
            Account::FeeRevenue => "Revenue:PlatformFees",
            Account::Bank => "Cash:Bank",
            Account::SellerReceivable => "Receivable:Sellers",
            Account::Suspense => "Suspense:Reconciliation",
            Account::SellerReserve => "Liability:SellerReserve",
            Account::ServiceTax => "Liability:TaxPayable:ServiceTax",
            Account::BuyerWallet => "Liability:BuyerWallet",
            Account::RefundsDue => "Liability:RefundsDue",
            Account::InstantPayoutRevenue => "Revenue:InstantPayoutFees",
            Account::CancellationRevenue => "Revenue:CancellationFees",
            Account::ProcessingExpense => "Expense:PaymentProcessing",
            Account::ChargebackExpense => "Expense:Chargebacks",
            Account::GoodwillExpense => "Expense:Goodwill",
            Account::PromotionExpense => "Expense:PromotionalCredits",
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
    /// D.4: money was returned to the buyer, before or after it was earned.
    Refund,
    /// D.1, entry 2: what Stripe took for a payment.
    ProcessingFee,
    /// A transfer came back from a seller.
    PayoutReversal,
    /// Stripe paid out to our bank.
    BankPayout,
    /// A refund came back from the buyer's bank.
    RefundFailed,
    /// D.5: a dispute took money.
    Chargeback,
    /// A won dispute gave it back.
    ChargebackWon,
    /// What a seller owes for a lost dispute or a refund after the payout.
    Clawback,
    /// A claim was taken from a deposit.
    DepositCapture,
    /// A buyer tipped.
    Tip,
    /// A wallet got credit.
    WalletCredit,
    /// Wallet credit that staff took back.
    WalletReversal,
    /// Part of what a seller is owed went into the reserve.
    ReserveHold,
    /// The reserve gave it back.
    ReserveRelease,
    /// The fee of an instant payout.
    InstantPayoutFee,
    /// A correction by two people.
    Adjustment,
}

impl JournalKind {
    fn name(self) -> &'static str {
        match self {
            JournalKind::Capture => "capture",
            JournalKind::Earn => "earn",
            JournalKind::Payout => "payout",
            JournalKind::Refund => "refund",
            JournalKind::ProcessingFee => "processing_fee",
            JournalKind::PayoutReversal => "payout_reversal",
            JournalKind::BankPayout => "bank_payout",
            JournalKind::RefundFailed => "refund_failed",
            JournalKind::Chargeback => "chargeback",
            JournalKind::ChargebackWon => "chargeback_won",
            JournalKind::Clawback => "clawback",
            JournalKind::DepositCapture => "deposit_capture",
            JournalKind::Tip => "tip",
            JournalKind::WalletCredit => "wallet_credit",
            JournalKind::WalletReversal => "wallet_reversal",
            JournalKind::ReserveHold => "reserve_hold",
            JournalKind::ReserveRelease => "reserve_release",
            JournalKind::InstantPayoutFee => "instant_payout_fee",
            JournalKind::Adjustment => "adjustment",
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
    /// The order; none for movements beyond one order.
    pub lbg_id: Option<LbgId>,
    /// The provider's id, such as `pi_…` or `tr_…`.
    pub ext_ref: Option<String>,
    /// Lines; those of nothing are left out when it is written.
    pub lines: Vec<Line>,
}

/// A line on the left.
pub fn debit(account: Account, leg_id: Option<LegId>, amount: Cents) -> Line {
    Line { account, leg_id, debit: amount, credit: Cents::ZERO }
}

/// A line on the right.
pub fn credit(account: Account, leg_id: Option<LegId>, amount: Cents) -> Line {
    Line { account, leg_id, debit: Cents::ZERO, credit: amount }
}

/// D.1: cash, and what wallet and credits paid, against what is owed to sellers, the deferred fees and the tax on them.
pub fn capture(charge: &Charge, splits: &[Split]) -> Journal {
    let mut lines = vec![debit(Account::Cash, None, charge.amount)];
    for split in splits {
        let leg = Some(split.leg_id);
        lines.push(debit(Account::BuyerWallet, leg, split.wallet));
        lines.push(debit(Account::PromotionExpense, leg, split.credit));
        lines.push(credit(Account::SellerPayable, leg, split.seller_share()));
        lines.push(credit(Account::ServiceTax, leg, split.remitted_by_platform()));
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
        lbg_id: Some(charge.lbg_id),
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
        lbg_id: Some(charge.lbg_id),
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
        .money(debits, Currency::USD)
        .fact("kind", journal.kind.name());
    let event = match journal.lbg_id {
        Some(lbg_id) => event.id("lbg_id", lbg_id),
        None => event,
    };
    unit.publish(event).await?;
    Ok(true)
}
