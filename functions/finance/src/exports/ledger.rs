//! The ledger as CSV, in parts of bounded size, and the balance of every account at a time.

use chrono::{DateTime, NaiveDate, Utc};
use rastup_runtime::Objects;
use rastup_store::{Caller, Store, Unit, approval, sqlx};
use rastup_types::{ApiError, Cents, GlEntryId, JournalId, LbgId, LegId, Permission, event::NewEvent};
use serde_json::json;

use super::{csv, range};
use crate::FinanceError;

/// Days of one export.
const DAYS_MAX: i64 = 31;
/// Lines of one export.
const LINES_MAX: i64 = 1_000_000;
/// Lines of one part; what is in memory at once.
const PART_LINES: i64 = 50_000;

const HEADER: [&str; 10] = [
    "occurred_at",
    "journal_id",
    "kind",
    "account",
    "debit_cents",
    "credit_cents",
    "lbg_id",
    "leg_id",
    "source_id",
    "ext_ref",
];

/// A finished export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// How many lines.
    pub lines: i64,
    /// Keys of its parts, in order.
    pub keys: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    gl_id: GlEntryId,
    occurred_at: DateTime<Utc>,
    journal_id: JournalId,
    kind: String,
    account: String,
    debit_cents: Cents,
    credit_cents: Cents,
    lbg_id: Option<LbgId>,
    leg_id: Option<LegId>,
    source_id: String,
    ext_ref: Option<String>,
}

/// Writes the lines of some days as CSV. Errors: `FORBIDDEN`, `INPUT_INVALID`, `GL_EXPORT_RANGE_TOO_LARGE` beyond 31 days or
/// a million lines.
pub async fn export(
    store: &Store,
    objects: &dyn Objects,
    caller: &Caller,
    (from, to): (NaiveDate, NaiveDate),
    reason: &str,
) -> Result<Export, ApiError> {
    caller.actor.require(Permission::Books)?;
    let reason = approval::reason(reason)?;
    let (from_at, until_at) = range(from, to, DAYS_MAX)?;
    let mut unit = store.unit(caller).await?;
    let lines: i64 = sqlx::query_scalar(
        "select count(*) from finance.gl_journal j join finance.gl_entry e using (journal_id)
         where j.occurred_at >= $1 and j.occurred_at < $2",
    )
    .bind(from_at)
    .bind(until_at)
    .fetch_one(unit.conn())
    .await?;
    if lines > LINES_MAX {
        return Err(FinanceError::RangeTooLarge("more lines than one export may have").into());
    }
    let name = format!("exports/gl/{}/{from}_{to}", unit.mint::<JournalId>());
    drop(unit);
    let (mut keys, mut written, mut after) = (Vec::new(), 0, (from_at, String::new(), String::new()));
    loop {
        let rows = part(store, caller, &after, until_at).await?;
        let Some(last) = rows.last() else { break };
        after = (last.occurred_at, last.journal_id.to_string(), last.gl_id.to_string());
        written += rows.len() as i64;
        let key = format!("{name}/part-{:04}.csv", keys.len() + 1);
        objects.put(&key, "text/csv", text(&rows).into_bytes()).await?;
        keys.push(key);
    }
    let mut unit = store.unit(caller).await?;
    let event = NewEvent::new("finance", "gl.export")
        .fact("from", from.to_string())
        .fact("to", to.to_string())
        .fact("lines", written);
    unit.publish(event).await?;
    unit.audit("gl.export", &name, json!({ "reason": reason, "from": from, "to": to, "lines": written }));
    unit.commit().await?;
    Ok(Export { lines: written, keys })
}

async fn part(
    store: &Store,
    caller: &Caller,
    after: &(DateTime<Utc>, String, String),
    until_at: DateTime<Utc>,
) -> Result<Vec<Row>, FinanceError> {
    let mut unit = store.unit(caller).await?;
    let rows = sqlx::query_as(
        "select e.gl_id, j.occurred_at, j.journal_id, j.kind, e.account, e.debit_cents, e.credit_cents, j.lbg_id, e.leg_id,
             j.source_id, j.ext_ref
         from finance.gl_journal j join finance.gl_entry e using (journal_id)
         where (j.occurred_at, j.journal_id, e.gl_id) > ($1, $2, $3) and j.occurred_at >= $1 and j.occurred_at < $4
         order by j.occurred_at, j.journal_id, e.gl_id limit $5",
    )
    .bind(after.0)
    .bind(&after.1)
    .bind(&after.2)
    .bind(until_at)
    .bind(PART_LINES)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows)
}

fn text(rows: &[Row]) -> String {
    let mut text = csv::line(&HEADER);
    for row in rows {
        let optional = |id: Option<String>| id.unwrap_or_default();
        text.push_str(&csv::line(&[
            &row.occurred_at.to_rfc3339(),
            &row.journal_id.to_string(),
            &row.kind,
            &row.account,
            &row.debit_cents.0.to_string(),
            &row.credit_cents.0.to_string(),
            &optional(row.lbg_id.map(|id| id.to_string())),
            &optional(row.leg_id.map(|id| id.to_string())),
            &row.source_id,
            &optional(row.ext_ref.clone()),
        ]));
    }
    text
}

/// What an account holds: debits less credits, cents.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Balance {
    /// Name in the chart.
    pub account: String,
    /// `asset`, `liability`, `revenue` or `expense`.
    pub kind: String,
    /// Debits less credits.
    pub cents: Cents,
}

/// The balance of every account as of a time; they add up to nothing. Errors: `FORBIDDEN`, `INTERNAL` when they do not.
pub async fn trial_balance(unit: &mut Unit, at: DateTime<Utc>) -> Result<Vec<Balance>, ApiError> {
    unit.actor().require(Permission::FinanceView)?;
    let balances: Vec<Balance> = sqlx::query_as(
        "select a.account, a.kind, coalesce(s.cents, 0)::bigint as cents
         from finance.gl_account a left join (
             select e.account, sum(e.debit_cents - e.credit_cents) as cents
             from finance.gl_journal j join finance.gl_entry e using (journal_id)
             where j.occurred_at <= $1 group by e.account) s using (account)
         order by a.account",
    )
    .bind(at)
    .fetch_all(unit.conn())
    .await?;
    let sum: Cents = balances.iter().map(|balance| balance.cents).sum();
    crate::tax::same("trial balance", Cents::ZERO, sum)?;
    Ok(balances)
}
