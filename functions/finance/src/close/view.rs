//! A day's comparison as finance operations see it: the last run with its differences, greatest first.

use chrono::{DateTime, Utc};
use rastup_store::{Unit, sqlx};
use rastup_types::{ApiError, Cents, Permission, ReconRunId, VarianceId};

use super::Day;

/// Most differences that are shown at once.
const SHOWN_MAX: i64 = 500;

/// The last run of a day; cents.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Run {
    /// Identity.
    pub run_id: ReconRunId,
    /// `running`, `green`, `red` or `failed`.
    pub status: String,
    /// Stripe's movements.
    pub processor_cents: Cents,
    /// Our cash movements.
    pub ledger_cents: Cents,
    /// Stripe's movements without signs.
    pub volume_cents: Cents,
    /// Open differences added up.
    pub variance_cents: Cents,
    /// How many are open.
    pub variances: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// True while the day is closed.
    pub closed: bool,
}

/// A difference; cents.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Variance {
    /// Identity.
    pub variance_id: VarianceId,
    /// Which check.
    pub checked: String,
    /// What differs.
    pub kind: String,
    /// Name of the movement or row.
    pub reference: String,
    /// What our books say.
    pub ours_cents: Cents,
    /// What the other side says.
    pub theirs_cents: Cents,
    /// `open` or `quarantined`.
    pub status: String,
}

/// The last run of a day and its differences; none before the first. Error: `FORBIDDEN`.
pub async fn report(unit: &mut Unit, day: &Day) -> Result<Option<(Run, Vec<Variance>)>, ApiError> {
    unit.actor().require(Permission::FinanceView)?;
    let run: Option<Run> = sqlx::query_as(
        "select r.run_id, r.status, r.processor_cents, r.ledger_cents, r.volume_cents, r.variance_cents, r.variances,
             r.started_at, exists (select from finance.closed_day c
                 where c.day = r.day and c.time_zone = r.time_zone and c.reopened_at is null) as closed
         from finance.recon_run r where r.day = $1 and r.time_zone = $2
         order by r.started_at desc, r.run_id desc limit 1",
    )
    .bind(day.date)
    .bind(day.zone.name())
    .fetch_optional(unit.conn())
    .await?;
    let Some(run) = run else { return Ok(None) };
    let variances: Vec<Variance> = sqlx::query_as(
        "select variance_id, checked, kind, reference, ours_cents, theirs_cents, status from finance.recon_variance
         where run_id = $1 order by status, abs(ours_cents - theirs_cents) desc, reference limit $2",
    )
    .bind(run.run_id)
    .bind(SHOWN_MAX)
    .fetch_all(unit.conn())
    .await?;
    Ok(Some((run, variances)))
}
