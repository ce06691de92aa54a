//! Monthly statements (§1.9.G) as CSV and PDF: a buyer's charges, refunds and wallet, a seller's payouts. Made once a month.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rastup_pdf::{AccountStatement, Movement, render_account_statement};
use rastup_runtime::Objects;
use rastup_store::{Caller, Store, Unit, sqlx};
use rastup_types::{ApiError, Cents, StatementId, UserId};

use super::csv;
use crate::{
    FinanceError,
    close::{Day, ZONE},
};

/// Most movements of one statement; who has more reads the ledger's export.
const MOVEMENTS_MAX: i64 = 2_000;
/// Statements of one run of the job; the next goes on.
const BATCH: i64 = 200;

/// Whose side a statement tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Kind {
    /// Charges, refunds and the wallet.
    Buyer,
    /// Payouts.
    Seller,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Buyer => "Buyer",
            Kind::Seller => "Seller",
        }
    }
}

/// A month of the platform's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Such as `2026-06`.
    pub name: String,
    from_at: DateTime<Utc>,
    until_at: DateTime<Utc>,
}

impl Period {
    /// The month of a name. Error: `INPUT_INVALID`.
    pub fn of(name: &str) -> Result<Period, FinanceError> {
        let invalid = FinanceError::Invalid { field: "period", problem: "must be a month such as 2026-06" };
        if name.len() != 7 {
            return Err(invalid);
        }
        let Ok(first) = format!("{name}-01").parse::<NaiveDate>() else { return Err(invalid) };
        let Some(next) = first.checked_add_months(chrono::Months::new(1)) else { return Err(invalid) };
        Ok(Period {
            name: name.to_owned(),
            from_at: Day::of(first, ZONE)?.from_at,
            until_at: Day::of(next, ZONE)?.from_at,
        })
    }

    /// The last month that is over.
    pub fn last_before(now: DateTime<Utc>) -> Result<Period, FinanceError> {
        let today = now.with_timezone(&chrono_tz::America::Chicago).date_naive();
        let month = today.year() * 12 + today.month0() as i32 - 1;
        Period::of(&format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1))
    }
}

/// A statement that was made.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stored {
    /// Identity.
    pub statement_id: StatementId,
    /// Whose side.
    pub kind: Kind,
    /// The month.
    pub period: String,
    /// What the movements come to, cents.
    pub total_cents: Cents,
    /// Where the CSV is.
    pub csv_key: String,
    /// Where the PDF is.
    pub pdf_key: String,
}

/// Statements of an account, newest first, of one month or at most 48. Error: `INPUT_INVALID` for no month.
pub async fn of_user(
    unit: &mut Unit,
    user_id: UserId,
    period: Option<&str>,
) -> Result<Vec<Stored>, FinanceError> {
    let period = period.map(Period::of).transpose()?.map(|period| period.name);
    let stored = sqlx::query_as(
        "select statement_id, kind, period, total_cents, csv_key, pdf_key from finance.statement
         where user_id = $1 and ($2::text is null or period = $2) order by period desc, kind limit 48",
    )
    .bind(user_id)
    .bind(period)
    .fetch_all(unit.conn())
    .await?;
    Ok(stored)
}

#[derive(sqlx::FromRow)]
struct Row {
    at: DateTime<Utc>,
    what: String,
    reference: String,
    amount_cents: Cents,
    tax_cents: Cents,
}

/// Makes statements of the last month for accounts that moved money and have none; answers how many. Again makes none.
pub async fn make_due(store: &Store, objects: &dyn Objects, caller: &Caller) -> Result<usize, ApiError> {
    let mut unit = store.unit(caller).await?;
    let period = Period::last_before(unit.now())?;
    let due: Vec<(UserId, Kind)> = sqlx::query_as(
        "select m.user_id, m.kind from (
             select c.buyer_user_id as user_id, 'buyer' as kind
             from finance.gl_journal j join finance.charge c on c.charge_id = j.source_id
             where j.kind = 'capture' and j.occurred_at >= $1 and j.occurred_at < $2
             union select c.buyer_user_id, 'buyer' from finance.refund r join finance.charge c using (charge_id)
             where r.status <> 'failed' and r.created_at >= $1 and r.created_at < $2
             union select p.seller_user_id, 'seller'
             from finance.gl_journal j join finance.payout p on p.payout_id = j.source_id
             where j.kind = 'payout' and j.occurred_at >= $1 and j.occurred_at < $2
         ) m
         where not exists (select from finance.statement s
             where s.user_id = m.user_id and s.kind = m.kind and s.period = $3)
         order by m.user_id, m.kind limit $4",
    )
    .bind(period.from_at)
    .bind(period.until_at)
    .bind(&period.name)
    .bind(BATCH)
    .fetch_all(unit.conn())
    .await?;
    drop(unit);
    let mut made = 0;
    for (user_id, kind) in due {
        make(store, objects, caller, (user_id, kind), &period).await?;
        made += 1;
    }
    Ok(made)
}

async fn make(
    store: &Store,
    objects: &dyn Objects,
    caller: &Caller,
    (user_id, kind): (UserId, Kind),
    period: &Period,
) -> Result<(), ApiError> {
    let mut unit = store.unit(caller).await?;
    let rows = match kind {
        Kind::Buyer => buyer_rows(&mut unit, user_id, period).await?,
        Kind::Seller => seller_rows(&mut unit, user_id, period).await?,
    };
    let (statement_id, now): (StatementId, DateTime<Utc>) = (unit.mint(), unit.now());
    drop(unit);
    let document = document(statement_id, kind, period, &rows, now);
    let pdf = render_account_statement(&document).map_err(FinanceError::from)?;
    let key = format!("statements/{}/{statement_id}", period.name);
    let (csv_key, pdf_key) = (format!("{key}.csv"), format!("{key}.pdf"));
    objects.put(&csv_key, "text/csv", text(&document).into_bytes()).await?;
    objects.put(&pdf_key, "application/pdf", pdf).await?;
    let mut unit = store.unit(caller).await?;
    sqlx::query(
        "insert into finance.statement
             (statement_id, user_id, kind, period, total_cents, rows, csv_key, pdf_key, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (user_id, kind, period) do nothing",
    )
    .bind(statement_id)
    .bind(user_id)
    .bind(kind)
    .bind(&period.name)
    .bind(document.total_cents)
    .bind(document.movements.len() as i32)
    .bind(csv_key)
    .bind(pdf_key)
    .bind(now)
    .execute(unit.conn())
    .await?;
    unit.commit().await?;
    Ok(())
}

async fn buyer_rows(unit: &mut Unit, user_id: UserId, period: &Period) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select j.occurred_at as at, 'Payment' as what, c.lbg_id as reference, c.captured_cents as amount_cents,
             (select sum(service_tax_cents + platform_fee_tax_cents)::bigint from finance.charge_split
              where charge_id = c.charge_id) as tax_cents
         from finance.gl_journal j join finance.charge c on c.charge_id = j.source_id
         where j.kind = 'capture' and c.buyer_user_id = $1 and j.occurred_at >= $2 and j.occurred_at < $3
         union all
         select r.created_at, 'Refund', r.lbg_id, -r.amount_cents, 0::bigint
         from finance.refund r join finance.charge c using (charge_id)
         where c.buyer_user_id = $1 and r.status <> 'failed' and r.created_at >= $2 and r.created_at < $3
         order by 1, 2, 3 limit $4",
    )
    .bind(user_id)
    .bind(period.from_at)
    .bind(period.until_at)
    .bind(MOVEMENTS_MAX)
    .fetch_all(unit.conn())
    .await
}

async fn seller_rows(unit: &mut Unit, user_id: UserId, period: &Period) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as(
        "select j.occurred_at as at, 'Payout' as what, p.leg_id as reference, p.amount_cents,
             case when p.part = 'leg' and not s.platform_remits then s.service_tax_cents else 0::bigint end as tax_cents
         from finance.gl_journal j join finance.payout p on p.payout_id = j.source_id
         join finance.charge_split s on s.charge_id = p.charge_id and s.leg_id = p.leg_id
         where j.kind = 'payout' and p.seller_user_id = $1 and j.occurred_at >= $2 and j.occurred_at < $3
         order by 1, 3 limit $4",
    )
    .bind(user_id)
    .bind(period.from_at)
    .bind(period.until_at)
    .bind(MOVEMENTS_MAX)
    .fetch_all(unit.conn())
    .await
}

fn document(
    statement_id: StatementId,
    kind: Kind,
    period: &Period,
    rows: &[Row],
    now: DateTime<Utc>,
) -> AccountStatement {
    let movement = |row: &Row| Movement {
        at: row.at,
        what: row.what.clone(),
        reference: row.reference.clone(),
        amount_cents: row.amount_cents.0,
    };
    let sum = |of: fn(&Row) -> i64| rows.iter().map(of).sum::<i64>();
    let (tax, note) = match kind {
        Kind::Buyer => ("Tax in the payments", "Payments are what was charged, after wallet and credits."),
        Kind::Seller => {
            ("Service tax in the payouts, for you to remit", "Payouts are what was sent to your account.")
        }
    };
    AccountStatement {
        brand: "RastUp".to_owned(),
        statement_id: statement_id.to_string(),
        kind: kind.word().to_owned(),
        period: period.name.clone(),
        movements: rows.iter().map(movement).collect(),
        sums: vec![(tax.to_owned(), sum(|row| row.tax_cents.0))],
        total_cents: sum(|row| row.amount_cents.0),
        currency: "USD".to_owned(),
        notes: vec![note.to_owned()],
        issued_at: now,
    }
}

fn text(document: &AccountStatement) -> String {
    let mut text = csv::line(&["at", "what", "reference", "amount_cents"]);
    for row in &document.movements {
        let amount = row.amount_cents.to_string();
        text.push_str(&csv::line(&[&row.at.to_rfc3339(), &row.what, &row.reference, &amount]));
    }
    text.push_str(&csv::line(&["", "Total", "", &document.total_cents.to_string()]));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_month_of_the_platforms_zone() {
        let june = Period::of("2026-06").unwrap();
        assert_eq!(june.from_at.to_rfc3339(), "2026-06-01T05:00:00+00:00");
        assert_eq!(june.until_at.to_rfc3339(), "2026-07-01T05:00:00+00:00");
        for wrong in ["2026-13", "2026", "26-06", "2026-6", "2026-06-01"] {
            assert!(Period::of(wrong).is_err(), "{wrong}");
        }
        for (now, last) in [
            ("2026-07-01T04:59:59Z", "2026-05"),
            ("2026-07-01T05:00:00Z", "2026-06"),
            ("2026-01-15T12:00:00Z", "2025-12"),
        ] {
            assert_eq!(Period::last_before(now.parse().unwrap()).unwrap().name, last, "{now}");
        }
    }
}
