//! What leaves the books as files and reports: the ledger as CSV, trial balance, taxes, and monthly statements.

mod csv;
mod ledger;
mod statements;
mod tax;

use chrono::{DateTime, NaiveDate, Utc};
use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, LbgId, UserId};

use crate::{
    FinanceError, Method,
    close::{Day, ZONE},
};

pub use ledger::{Balance, Export, export, trial_balance};
pub use statements::{Kind, Period, Stored, make_due, of_user};
pub use tax::{TaxRow, tax_report};

/// The range of time of whole days of the platform's zone, both included.
fn range(
    from: NaiveDate,
    to: NaiveDate,
    days_max: i64,
) -> Result<(DateTime<Utc>, DateTime<Utc>), FinanceError> {
    if to < from {
        return Err(FinanceError::Invalid { field: "to", problem: "must not be before `from`" });
    }
    if (to - from).num_days() >= days_max {
        return Err(FinanceError::RangeTooLarge("more days than one report may have"));
    }
    Ok((Day::of(from, ZONE)?.from_at, Day::of(to, ZONE)?.until_at))
}

/// A charge as its buyer sees it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ChargeSummary {
    /// The order.
    pub lbg_id: LbgId,
    /// What was taken, cents.
    pub amount_cents: Cents,
    /// What was returned of it, cents.
    pub refunded_cents: Cents,
    /// When it was taken.
    pub captured_at: DateTime<Utc>,
    /// How.
    pub method: Method,
}

/// Charges of a buyer that were taken from a day to another, both included; newest first, at most 500.
/// Errors: `INPUT_INVALID`, `GL_EXPORT_RANGE_TOO_LARGE` beyond 366 days.
pub async fn charges_of(
    unit: &mut Unit,
    user_id: UserId,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<ChargeSummary>, FinanceError> {
    let (from_at, until_at) = range(from, to, 366)?;
    let charges = sqlx::query_as(
        "select c.lbg_id, c.captured_cents as amount_cents, c.refunded_cents, j.occurred_at as captured_at, c.method
         from finance.charge c join finance.gl_journal j on j.kind = 'capture' and j.source_id = c.charge_id
         where c.buyer_user_id = $1 and j.occurred_at >= $2 and j.occurred_at < $3
         order by j.occurred_at desc, c.charge_id limit 500",
    )
    .bind(user_id)
    .bind(from_at)
    .bind(until_at)
    .fetch_all(unit.conn())
    .await?;
    Ok(charges)
}
