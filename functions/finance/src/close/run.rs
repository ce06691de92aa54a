//! One comparison of one day: extract, book fees, compare, judge, and stop or resume payouts by what came out.

use chrono::{DateTime, Days, Duration, Utc};
use rastup_providers::stripe::BalanceTransactions;
use rastup_store::{
    Caller, Store,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{ApiError, Cents, Currency, Permission, ReconRunId, VarianceId, event::NewEvent};
use serde_json::json;

use super::{Day, Verdict, compare, extract, judge};
use crate::{FinanceError, gate};

/// Days that the job looks back for one that is not green.
const LOOK_BACK_DAYS: u64 = 7;
/// How long after its end a day is compared, so that late movements are there.
const REST_HOURS: i64 = 1;

fn event_of(name: &'static str, run_id: ReconRunId, day: &Day) -> NewEvent {
    NewEvent::new("finance", name)
        .id("run_id", run_id)
        .fact("day", day.date.to_string())
        .fact("time_zone", day.zone.name())
}

/// Days of a zone that ended and have no green comparison, oldest first. A red day is compared again: what was late may have
/// come.
pub async fn due(store: &Store, caller: &Caller, zone: &str) -> Result<Vec<Day>, ApiError> {
    let mut unit = store.unit(caller).await?;
    let now = unit.now();
    let tz: chrono_tz::Tz = zone
        .parse()
        .map_err(|_| FinanceError::Invalid { field: "timeZone", problem: "is not an IANA time zone" })?;
    let today = now.with_timezone(&tz).date_naive();
    let mut days = Vec::new();
    for back in (1..=LOOK_BACK_DAYS).rev() {
        let Some(date) = today.checked_sub_days(Days::new(back)) else { continue };
        let day = Day::of(date, zone)?;
        let green: bool = sqlx::query_scalar(
            "select exists (select from finance.recon_run where day = $1 and time_zone = $2 and status = 'green')",
        )
        .bind(date)
        .bind(zone)
        .fetch_one(unit.conn())
        .await?;
        if !green && day.until_at + Duration::hours(REST_HOURS) <= now {
            days.push(day);
        }
    }
    Ok(days)
}

/// Compares a day that ended. Red stops payouts and is told; green takes that stop away. Errors: `TRANSIENT` when Stripe
/// does not answer (the run is *failed*, and what stops stays), `WRONG_STATE` when the day is not over.
pub async fn run(
    store: &Store,
    stripe: &dyn BalanceTransactions,
    caller: &Caller,
    day: &Day,
) -> Result<Verdict, ApiError> {
    let run_id = begin(store, caller, day).await?;
    let extracted = async {
        extract::extract(store, stripe, caller, day).await?;
        extract::book_fees(store, caller, day).await
    };
    match extracted.await {
        Ok(fees) => finish(store, caller, day, run_id, fees).await,
        Err(error) => {
            let mut unit = store.unit(caller).await?;
            end(&mut unit, run_id, "failed", Some(error.code)).await?;
            unit.publish(event_of("recon.daily.failed", run_id, day).fact("code", error.code)).await?;
            unit.commit().await?;
            Err(error)
        }
    }
}

async fn begin(store: &Store, caller: &Caller, day: &Day) -> Result<ReconRunId, ApiError> {
    let mut unit = store.unit(caller).await?;
    let (run_id, now): (ReconRunId, DateTime<Utc>) = (unit.mint(), unit.now());
    if now < day.until_at {
        return Err(ApiError::wrong_state("The day is not over."));
    }
    sqlx::query(
        "insert into finance.recon_run (run_id, day, time_zone, from_at, until_at, status, started_at)
         values ($1, $2, $3, $4, $5, 'running', $6)",
    )
    .bind(run_id)
    .bind(day.date)
    .bind(day.zone.name())
    .bind(day.from_at)
    .bind(day.until_at)
    .bind(now)
    .execute(unit.conn())
    .await?;
    unit.publish(event_of("recon.daily.start", run_id, day)).await?;
    unit.commit().await?;
    Ok(run_id)
}

async fn finish(
    store: &Store,
    caller: &Caller,
    day: &Day,
    run_id: ReconRunId,
    fees: u64,
) -> Result<Verdict, ApiError> {
    let mut unit = store.unit(caller).await?;
    let (sums, found, count) = compare::compare(&mut unit, run_id, day).await?;
    let verdict = judge(found);
    let (status, cause) =
        (if verdict == Verdict::Green { "green" } else { "red" }, format!("close:{}", day.name()));
    sqlx::query(
        "update finance.recon_run set processor_cents = $2, ledger_cents = $3, volume_cents = $4,
             variance_cents = $5, variances = $6 where run_id = $1",
    )
    .bind(run_id)
    .bind(sums.processor)
    .bind(sums.ledger)
    .bind(sums.volume)
    .bind(found.differences)
    .bind(count)
    .execute(unit.conn())
    .await?;
    end(&mut unit, run_id, status, None).await?;
    let told =
        |name| event_of(name, run_id, day).money(found.differences, Currency::USD).fact("variances", count);
    match verdict {
        Verdict::Green => {
            gate::resume(&mut unit, &cause).await?;
            unit.publish(told("recon.daily.succeeded").fact("fees_booked", fees)).await?;
        }
        Verdict::Red => {
            gate::stop(&mut unit, &cause).await?;
            unit.publish(told("recon.daily.failed").fact("code", "VARIANCE")).await?;
            unit.publish(told("recon.variance.notice")).await?;
        }
    }
    unit.commit().await?;
    tracing::info!(%run_id, day = %day.date, status, variances = count, difference_cents = found.differences.0, "day compared");
    Ok(verdict)
}

async fn end(
    unit: &mut rastup_store::Unit,
    run_id: ReconRunId,
    status: &str,
    code: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update finance.recon_run set status = $2, error_code = $3, finished_at = $4 where run_id = $1",
    )
    .bind(run_id)
    .bind(status)
    .bind(code)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Sets a variance aside, with two people: later runs do not count it while the difference is the same. Errors: `FORBIDDEN`,
/// `NOT_FOUND`.
pub async fn quarantine(
    store: &Store,
    caller: &Caller,
    variance_id: VarianceId,
    reason: &str,
) -> Result<Approval, ApiError> {
    caller.actor.require(Permission::Books)?;
    let mut unit = store.unit(caller).await?;
    let found: Option<(String, String, Cents)> = sqlx::query_as(
        "select checked, reference, ours_cents - theirs_cents from finance.recon_variance where variance_id = $1",
    )
    .bind(variance_id)
    .fetch_optional(unit.conn())
    .await?;
    let (checked, reference, difference) = found.ok_or_else(|| ApiError::not_found("variance"))?;
    let target = variance_id.to_string();
    let payload = json!({ "checked": checked, "reference": reference, "differenceCents": difference });
    let asked = Asked { operation: "adminQuarantineVariance", target: &target, payload: &payload, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    if let Approval::Given { approval_id, .. } = &approval {
        let now = unit.now();
        sqlx::query(
            "insert into finance.recon_quarantine (checked, reference, difference_cents, reason, approval_id, created_at)
             values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        )
        .bind(&checked)
        .bind(&reference)
        .bind(difference)
        .bind(reason.trim())
        .bind(approval_id)
        .bind(now)
        .execute(unit.conn())
        .await?;
        let details =
            json!({ "reason": reason, "before": "open", "after": "quarantined", "variance": payload });
        unit.audit("variance.quarantine", variance_id, details);
    }
    unit.commit().await?;
    Ok(approval)
}
