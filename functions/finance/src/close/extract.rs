//! Reads Stripe's balance transactions of a day into the staging table, and books the fees that they name.

use chrono::{DateTime, Duration, Utc};
use rastup_providers::stripe::{BalanceTransaction, BalanceTransactions, PaymentError};
use rastup_store::{Caller, Store, sqlx};
use rastup_types::ApiError;

use super::Day;
use crate::FinanceError;

/// Read beyond both ends of the day: a movement and our note of it may lie on either side of midnight.
const SLACK_MINUTES: i64 = 60;
/// Pages of one extract; a hundred movements each.
const PAGES_MAX: usize = 20_000;

/// Stages the day's movements, page by page, and answers how many there were. Again changes nothing. Error: `TRANSIENT`.
pub(super) async fn extract(
    store: &Store,
    stripe: &dyn BalanceTransactions,
    caller: &Caller,
    day: &Day,
) -> Result<usize, ApiError> {
    let slack = Duration::minutes(SLACK_MINUTES);
    let (from, until) = (day.from_at - slack, day.until_at + slack);
    let (mut after, mut count): (Option<String>, usize) = (None, 0);
    for _ in 0..PAGES_MAX {
        let page = stripe.list(from, until, after.as_deref()).await.map_err(FinanceError::from)?;
        count += page.transactions.len();
        let last = page.transactions.last().map(|txn| txn.id.clone());
        stage(store, caller, &page.transactions).await?;
        match last {
            Some(id) if page.more => after = Some(id),
            Some(_) | None => return Ok(count),
        }
    }
    Err(FinanceError::from(PaymentError::Unavailable("more movements than one day may have".to_owned()))
        .into())
}

/// Our name for a movement: what journals carry in `ext_ref`.
fn reference(txn: &BalanceTransaction) -> &str {
    txn.payment_intent.as_deref().or(txn.source.as_deref()).unwrap_or(&txn.id)
}

async fn stage(store: &Store, caller: &Caller, txns: &[BalanceTransaction]) -> Result<(), FinanceError> {
    let mut unit = store.unit(caller).await?;
    let now = unit.now();
    let column = |of: fn(&BalanceTransaction) -> String| -> Vec<String> { txns.iter().map(of).collect() };
    let references: Vec<&str> = txns.iter().map(reference).collect();
    let sources: Vec<Option<&str>> = txns.iter().map(|txn| txn.source.as_deref()).collect();
    let amounts: Vec<i64> = txns.iter().map(|txn| txn.amount.0).collect();
    let fees: Vec<i64> = txns.iter().map(|txn| txn.fee.0).collect();
    let times: Vec<DateTime<Utc>> = txns.iter().map(|txn| txn.created).collect();
    sqlx::query(
        "insert into finance.processor_txn (txn_id, kind, reference, source, amount_cents, fee_cents, created_at,
             read_at)
         select t.*, $8 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
             $7::timestamptz[]) as t
         on conflict (txn_id) do nothing",
    )
    .bind(column(|txn| txn.id.clone()))
    .bind(column(|txn| txn.kind.clone()))
    .bind(references)
    .bind(sources)
    .bind(amounts)
    .bind(fees)
    .bind(times)
    .bind(now)
    .execute(unit.conn())
    .await?;
    unit.commit().await?;
    Ok(())
}

/// Books what Stripe took for the day's movements, each at its own time and once (§1.9.D.1, entry 2): one statement for all,
/// with ids derived from the movement. Answers how many journals were new.
pub(super) async fn book_fees(store: &Store, caller: &Caller, day: &Day) -> Result<u64, ApiError> {
    let mut unit = store.unit(caller).await?;
    let booked = sqlx::query(
        "with fee as (
             select txn_id, fee_cents, created_at, 'jrn_' || md5(txn_id) as journal_id from finance.processor_txn
             where fee_cents <> 0 and created_at >= $1 and created_at < $2
         ), journal as (
             insert into finance.gl_journal (journal_id, kind, source_id, ext_ref, occurred_at)
             select journal_id, 'processing_fee', txn_id, txn_id, created_at from fee
             on conflict (kind, source_id) do nothing
             returning journal_id
         )
         insert into finance.gl_entry (gl_id, journal_id, account, debit_cents, credit_cents)
         select 'gl_' || md5(fee.txn_id || side.account), journal_id, side.account,
             greatest(side.sign * fee_cents, 0), greatest(-side.sign * fee_cents, 0)
         from fee join journal using (journal_id),
             (values ('Expense:PaymentProcessing', 1), ('Cash:Stripe', -1)) as side (account, sign)",
    )
    .bind(day.from_at)
    .bind(day.until_at)
    .execute(unit.conn())
    .await?
    .rows_affected();
    unit.commit().await?;
    Ok(booked / 2)
}
