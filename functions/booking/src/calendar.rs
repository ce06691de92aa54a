//! The calendar: time taken on people and places. That no time is sold twice is the exclusion constraint's work; this
//! file takes, keeps, firms up and releases blocks.

use chrono::{DateTime, Duration, Utc};
use finance::Method;
use rastup_store::Unit;
use rastup_types::{CalendarBlockId, ChargeId, LbgId, StudioId, TimeRange, pricing::LegType};

use crate::{
    error::BookingError,
    order::{Leg, Order},
};

/// How long a card payment keeps the legs' time.
const CARD_HOLD_MINUTES: i64 = 30;
/// How long a bank debit keeps it; it settles within days.
const ACH_HOLD_DAYS: i64 = 7;
/// How long a running confirmation keeps it, from each of its steps.
const SAGA_HOLD_MINUTES: i64 = 30;

/// Until when a payment that begins now keeps the time; never longer than to the start.
pub fn hold_until(method: Method, now: DateTime<Utc>, start: DateTime<Utc>) -> DateTime<Utc> {
    let length = match method {
        Method::Card => Duration::minutes(CARD_HOLD_MINUTES),
        Method::AchDebit => Duration::days(ACH_HOLD_DAYS),
    };
    (now + length).min(start)
}

/// Until when a running confirmation keeps the time.
pub fn confirming_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::minutes(SAGA_HOLD_MINUTES)
}

/// Waits for others who are about to take the same resources, in one order for all, so that nobody waits in a circle.
async fn serialize(unit: &mut Unit, resources: &[String]) -> Result<(), sqlx::Error> {
    for resource in resources {
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind(resource)
            .execute(unit.conn())
            .await?;
    }
    Ok(())
}

/// Takes the time of every leg for a charge until `expires_at`; what the order held before is replaced, and holds of
/// others that have expired give way. Errors: `CHK_STUDIO_CONFLICT` when the studio is taken, `CHK_ATOMIC_FAIL` when
/// the talent is; the unit is then to be dropped.
pub async fn hold(
    unit: &mut Unit,
    order: &Order,
    charge_id: ChargeId,
    expires_at: DateTime<Utc>,
) -> Result<(), BookingError> {
    let mut legs: Vec<(String, &Leg)> = order.legs.iter().map(|leg| (leg.resource(), leg)).collect();
    legs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let resources: Vec<String> = legs.iter().map(|(resource, _)| resource.clone()).collect();
    serialize(unit, &resources).await?;
    let now = unit.now();
    sqlx::query(
        "delete from booking.calendar_block
         where status = 'hold' and (leg_id in (select leg_id from booking.booking_leg where lbg_id = $3)
            or (resource = any($1) and expires_at <= $2))",
    )
    .bind(&resources)
    .bind(now)
    .bind(order.group.lbg_id)
    .execute(unit.conn())
    .await?;
    for (resource, leg) in legs {
        let block_id: CalendarBlockId = unit.mint();
        let taken = sqlx::query(
            "insert into booking.calendar_block
                 (block_id, leg_id, charge_id, resource, blocked, status, expires_at, created_at)
             values ($1, $2, $3, $4, tstzrange($5, $6), 'hold', $7, $8)",
        )
        .bind(block_id)
        .bind(leg.leg_id)
        .bind(charge_id)
        .bind(&resource)
        .bind(leg.blocked_from)
        .bind(leg.blocked_until)
        .bind(expires_at)
        .bind(now)
        .execute(unit.conn())
        .await;
        taken.map_err(|error| if is_exclusion(&error) { conflict(leg) } else { error.into() })?;
    }
    Ok(())
}

fn is_exclusion(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.constraint() == Some("calendar_block_sells_no_time_twice"))
}

fn conflict(leg: &Leg) -> BookingError {
    match leg.leg_type {
        LegType::Studio => BookingError::StudioConflict,
        LegType::Talent => BookingError::AtomicFail("the talent is not available at this time"),
    }
}

/// Until when the charge holds the time of every leg; `None` when a hold is missing or has expired.
pub async fn held_until(
    unit: &mut Unit,
    order: &Order,
    charge_id: ChargeId,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let now = unit.now();
    let (count, until): (i64, Option<DateTime<Utc>>) = sqlx::query_as(
        "select count(*), min(b.expires_at) from booking.calendar_block b
         join booking.booking_leg l using (leg_id)
         where l.lbg_id = $1 and b.charge_id = $2 and b.status = 'hold' and b.expires_at > $3",
    )
    .bind(order.group.lbg_id)
    .bind(charge_id)
    .bind(now)
    .fetch_one(unit.conn())
    .await?;
    Ok(until.filter(|_| usize::try_from(count).is_ok_and(|count| count == order.legs.len())))
}

/// Turns the holds of a charge into firm blocks; answers with how many there are.
pub async fn confirm(unit: &mut Unit, lbg_id: LbgId, charge_id: ChargeId) -> Result<u64, sqlx::Error> {
    let firmed = sqlx::query(
        "update booking.calendar_block set status = 'confirmed', expires_at = null
         where charge_id = $2 and leg_id in (select leg_id from booking.booking_leg where lbg_id = $1)",
    )
    .bind(lbg_id)
    .bind(charge_id)
    .execute(unit.conn())
    .await?;
    Ok(firmed.rows_affected())
}

/// Lets the holds of a charge go; firm blocks stay.
pub async fn release(unit: &mut Unit, charge_id: ChargeId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from booking.calendar_block where charge_id = $1 and status = 'hold'")
        .bind(charge_id)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// True when somebody else's booking or living hold overlaps `blocked` at the studio.
pub async fn is_studio_taken(
    unit: &mut Unit,
    studio_id: StudioId,
    blocked: TimeRange,
) -> Result<bool, sqlx::Error> {
    let now = unit.now();
    sqlx::query_scalar(
        "select exists (select from booking.calendar_block
             where resource = $1 and blocked && tstzrange($2, $3) and (status = 'confirmed' or expires_at > $4))",
    )
    .bind(format!("studio:{studio_id}"))
    .bind(blocked.start())
    .bind(blocked.end())
    .bind(now)
    .fetch_one(unit.conn())
    .await
}

/// Takes the time of a leg that was agreed, until `expires_at`; a payment takes it over. Errors: `CHK_STUDIO_CONFLICT`,
/// `CHK_ATOMIC_FAIL` when it is taken; the unit is then to be dropped.
pub(crate) async fn hold_agreed(
    unit: &mut Unit,
    leg: &Leg,
    expires_at: DateTime<Utc>,
) -> Result<(), BookingError> {
    let (resource, now) = (leg.resource(), unit.now());
    serialize(unit, std::slice::from_ref(&resource)).await?;
    sqlx::query(
        "delete from booking.calendar_block
         where status = 'hold' and (leg_id = $1 or (resource = $2 and expires_at <= $3))",
    )
    .bind(leg.leg_id)
    .bind(&resource)
    .bind(now)
    .execute(unit.conn())
    .await?;
    let block_id: CalendarBlockId = unit.mint();
    let taken = sqlx::query(
        "insert into booking.calendar_block
             (block_id, leg_id, charge_id, resource, blocked, status, expires_at, created_at)
         values ($1, $2, null, $3, tstzrange($4, $5), 'hold', $6, $7)",
    )
    .bind(block_id)
    .bind(leg.leg_id)
    .bind(&resource)
    .bind(leg.blocked_from)
    .bind(leg.blocked_until)
    .bind(expires_at)
    .bind(now)
    .execute(unit.conn())
    .await;
    taken.map_err(|error| if is_exclusion(&error) { conflict(leg) } else { error.into() })?;
    Ok(())
}

/// Until when the agreements of an order keep the time of all its legs; `None` when they do not.
pub(crate) async fn agreed_until(
    unit: &mut Unit,
    order: &Order,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let now = unit.now();
    let (count, until): (i64, Option<DateTime<Utc>>) = sqlx::query_as(
        "select count(*), min(b.expires_at) from booking.calendar_block b
         join booking.booking_leg l using (leg_id)
         where l.lbg_id = $1 and b.charge_id is null and b.status = 'hold' and b.expires_at > $2",
    )
    .bind(order.group.lbg_id)
    .bind(now)
    .fetch_one(unit.conn())
    .await?;
    Ok(until.filter(|_| usize::try_from(count).is_ok_and(|count| count == order.legs.len())))
}

/// Lets the holds of an order go that belong to no charge.
pub(crate) async fn release_agreed(unit: &mut Unit, lbg_id: LbgId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from booking.calendar_block
         where status = 'hold' and charge_id is null
           and leg_id in (select leg_id from booking.booking_leg where lbg_id = $1)",
    )
    .bind(lbg_id)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// True when another order's booking or living hold overlaps the time of a leg.
pub(crate) async fn is_taken_by_others(unit: &mut Unit, leg: &Leg) -> Result<bool, sqlx::Error> {
    let now = unit.now();
    sqlx::query_scalar(
        "select exists (select from booking.calendar_block b join booking.booking_leg l using (leg_id)
             where b.resource = $1 and b.blocked && tstzrange($2, $3) and l.lbg_id <> $4
               and (b.status = 'confirmed' or b.expires_at > $5))",
    )
    .bind(leg.resource())
    .bind(leg.blocked_from)
    .bind(leg.blocked_until)
    .bind(leg.lbg_id)
    .bind(now)
    .fetch_one(unit.conn())
    .await
}

/// What is taken on a resource within `within`, buffers included.
pub(crate) async fn busy(
    unit: &mut Unit,
    resource: &str,
    within: TimeRange,
) -> Result<Vec<TimeRange>, BookingError> {
    let now = unit.now();
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "select lower(blocked), upper(blocked) from booking.calendar_block
         where resource = $1 and blocked && tstzrange($2, $3) and (status = 'confirmed' or expires_at > $4)
         order by blocked",
    )
    .bind(resource)
    .bind(within.start())
    .bind(within.end())
    .bind(now)
    .fetch_all(unit.conn())
    .await?;
    let range = |(start, end)| TimeRange::new(start, end).map_err(rastup_types::ApiError::internal);
    Ok(rows.into_iter().map(range).collect::<Result<Vec<_>, _>>()?)
}

/// Deletes holds past their end; answers with how many.
pub async fn expire(unit: &mut Unit) -> Result<u64, sqlx::Error> {
    let now = unit.now();
    let expired =
        sqlx::query("delete from booking.calendar_block where status = 'hold' and expires_at <= $1")
            .bind(now)
            .execute(unit.conn())
            .await?;
    Ok(expired.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_keeps_the_time_as_long_as_its_method_needs_but_never_beyond_the_start() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-06-01T12:00:00Z");
        for (method, start, until) in [
            (Method::Card, "2026-06-20T12:00:00Z", "2026-06-01T12:30:00Z"),
            (Method::Card, "2026-06-01T12:10:00Z", "2026-06-01T12:10:00Z"),
            (Method::AchDebit, "2026-06-20T12:00:00Z", "2026-06-08T12:00:00Z"),
            (Method::AchDebit, "2026-06-03T12:00:00Z", "2026-06-03T12:00:00Z"),
        ] {
            assert_eq!(hold_until(method, now, at(start)), at(until));
        }
    }
}
