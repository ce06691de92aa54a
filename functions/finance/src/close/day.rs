//! A day in a time zone: its two ends, and its closing and reopening by two people.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use rastup_store::{
    Caller, Store, Unit,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{ApiError, Permission, ReconRunId, event::NewEvent};
use serde_json::json;

use crate::FinanceError;

/// A day with the range of time that it is. Half-open, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The date in the zone.
    pub date: NaiveDate,
    /// The zone.
    pub zone: Tz,
    /// Its first moment.
    pub from_at: DateTime<Utc>,
    /// The first moment after it.
    pub until_at: DateTime<Utc>,
}

impl Day {
    /// The day in an IANA zone. Errors: `INPUT_INVALID` for an unknown zone or a date that has no day.
    pub fn of(date: NaiveDate, zone: &str) -> Result<Day, FinanceError> {
        let invalid = |field, problem| FinanceError::Invalid { field, problem };
        let zone: Tz = zone.parse().map_err(|_| invalid("timeZone", "is not an IANA time zone"))?;
        let next = date.checked_add_days(Days::new(1)).ok_or(invalid("day", "is out of range"))?;
        Ok(Day { date, zone, from_at: start(date, zone), until_at: start(next, zone) })
    }

    /// The day's name for the gate and for approvals.
    pub fn name(&self) -> String {
        format!("{}@{}", self.date, self.zone.name())
    }
}

/// The first moment of a date; where clocks skip midnight, the first that there is.
fn start(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let hours = (0..4).map(|hour| midnight + chrono::Duration::hours(hour));
    let first = hours.filter_map(|at| zone.from_local_datetime(&at).earliest()).next();
    first.map_or_else(|| Utc.from_utc_datetime(&midnight), |at| at.with_timezone(&Utc))
}

fn event_of(name: &'static str, day: &Day) -> NewEvent {
    NewEvent::new("finance", name).fact("day", day.date.to_string()).fact("time_zone", day.zone.name())
}

/// Closes a day that ended and whose last comparison is green, with two people; from then on only corrections are posted
/// into it. Errors: `FORBIDDEN`, `WRONG_STATE` when it is not over, not green or closed already.
pub async fn close(store: &Store, caller: &Caller, day: &Day, reason: &str) -> Result<Approval, ApiError> {
    caller.actor.require(Permission::Books)?;
    let mut unit = store.unit(caller).await?;
    if unit.now() < day.until_at {
        return Err(ApiError::wrong_state("The day is not over."));
    }
    if is_closed(&mut unit, day).await? {
        return Err(ApiError::wrong_state("The day is closed already."));
    }
    let name = day.name();
    let payload = json!({ "day": name });
    let asked = Asked { operation: "adminCloseDay", target: &name, payload: &payload, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    if let Approval::Given { .. } = approval {
        unit.publish(event_of("finance.close.start", day)).await?;
        let last: Option<(ReconRunId, String)> = sqlx::query_as(
            "select run_id, status from finance.recon_run where day = $1 and time_zone = $2
             order by started_at desc, run_id desc limit 1",
        )
        .bind(day.date)
        .bind(day.zone.name())
        .fetch_optional(unit.conn())
        .await?;
        let Some((run_id, _)) = last.filter(|(_, status)| status == "green") else {
            unit.publish(event_of("finance.close.failed", day).fact("code", "NOT_GREEN")).await?;
            unit.audit("day.close_refused", &name, json!({ "reason": reason }));
            unit.commit().await?;
            return Err(ApiError::wrong_state("The day's last comparison is not green."));
        };
        write(&mut unit, day, run_id).await?;
        unit.publish(event_of("finance.close.succeeded", day).id("run_id", run_id)).await?;
        unit.audit("day.close", &name, json!({ "reason": reason, "before": "open", "after": "closed" }));
    }
    unit.commit().await?;
    Ok(approval)
}

async fn is_closed(unit: &mut Unit, day: &Day) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from finance.closed_day where reopened_at is null
             and tstzrange(from_at, until_at) && tstzrange($1, $2))",
    )
    .bind(day.from_at)
    .bind(day.until_at)
    .fetch_one(unit.conn())
    .await
}

async fn write(unit: &mut Unit, day: &Day, run_id: ReconRunId) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into finance.closed_day (day, time_zone, from_at, until_at, run_id, closed_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(day.date)
    .bind(day.zone.name())
    .bind(day.from_at)
    .bind(day.until_at)
    .bind(run_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Opens a closed day again, with two people and a reason. Errors: `FORBIDDEN`, `WRONG_STATE` when it is not closed.
pub async fn reopen(store: &Store, caller: &Caller, day: &Day, reason: &str) -> Result<Approval, ApiError> {
    caller.actor.require(Permission::Books)?;
    let mut unit = store.unit(caller).await?;
    let name = day.name();
    let payload = json!({ "day": name });
    let asked = Asked { operation: "adminReopenDay", target: &name, payload: &payload, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    let now = unit.now();
    if let Approval::Given { .. } = approval {
        let reopened = sqlx::query(
            "update finance.closed_day set reopened_at = $3, reopen_reason = $4
             where day = $1 and time_zone = $2 and reopened_at is null",
        )
        .bind(day.date)
        .bind(day.zone.name())
        .bind(now)
        .bind(reason.trim())
        .execute(unit.conn())
        .await?
        .rows_affected();
        if reopened == 0 {
            return Err(ApiError::wrong_state("The day is not closed."));
        }
        unit.audit("day.reopen", &name, json!({ "reason": reason, "before": "closed", "after": "open" }));
    }
    unit.commit().await?;
    Ok(approval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_the_hours_of_its_zone() {
        for (date, zone, hours) in [
            ("2026-06-01", "America/Chicago", 24),
            ("2026-03-08", "America/Chicago", 23),
            ("2026-11-01", "America/Chicago", 25),
            ("2026-03-08", "UTC", 24),
            ("2018-11-04", "America/Sao_Paulo", 23),
        ] {
            let day = Day::of(date.parse().unwrap(), zone).unwrap();
            assert_eq!((day.until_at - day.from_at).num_hours(), hours, "{date} {zone}");
        }
        let day = Day::of("2026-06-01".parse().unwrap(), "America/Chicago").unwrap();
        assert_eq!(day.from_at.to_rfc3339(), "2026-06-01T05:00:00+00:00");
        assert!(Day::of("2026-06-01".parse().unwrap(), "Mars/Olympus").is_err());
    }
}
