//! Taxes that were committed, by city, jurisdiction, kind and who remits them.

use chrono::NaiveDate;
use rastup_store::{Unit, sqlx};
use rastup_types::{ApiError, Cents, Permission};

use super::range;

/// Days of one report.
const DAYS_MAX: i64 = 366;

/// A row of the report.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TaxRow {
    /// City of the table of rates; none where another provider quoted.
    pub city: Option<String>,
    /// Name of the jurisdiction.
    pub jurisdiction: String,
    /// `service` or `platform_fee`.
    pub kind: String,
    /// `seller` or `platform`.
    pub remitter: String,
    /// How many legs.
    pub legs: i64,
    /// Tax, cents.
    pub tax_cents: Cents,
}

/// Taxes committed from a day to another, both included. Errors: `FORBIDDEN`, `INPUT_INVALID`, `GL_EXPORT_RANGE_TOO_LARGE`.
pub async fn tax_report(unit: &mut Unit, from: NaiveDate, to: NaiveDate) -> Result<Vec<TaxRow>, ApiError> {
    unit.actor().require(Permission::FinanceView)?;
    let (from_at, until_at) = range(from, to, DAYS_MAX)?;
    let rows = sqlx::query_as(
        "select case when x.provider = 'table' then split_part(x.provider_reference, '/', 2) end as city,
             l.line->>'jurisdiction' as jurisdiction, x.kind,
             case when x.kind = 'platform_fee' or s.platform_remits then 'platform' else 'seller' end as remitter,
             count(*) as legs, sum((l.line->>'amountCents')::bigint)::bigint as tax_cents
         from finance.tax_txn x
         join finance.charge_split s on s.charge_id = x.charge_id and s.leg_id = x.leg_id
         cross join lateral jsonb_array_elements(x.jurisdictions) as l (line)
         where x.committed_at >= $1 and x.committed_at < $2
         group by 1, 2, 3, 4 order by 1 nulls last, 2, 3, 4",
    )
    .bind(from_at)
    .bind(until_at)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows)
}
