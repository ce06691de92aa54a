//! For tests only: rows that the tests of contexts above need, written by the context that owns the tables.

use rastup_store::Unit;
use rastup_types::{Cents, StudioId, StudioRateId, TimeRange, UserId, policy::CancellationPolicy};
use sqlx::types::Json;

/// Writes a published studio in Houston, open at all hours of every day at `hourly`, for 60 minutes at least.
/// Buffers of 30 minutes, 30 minutes of cleaning without a fee, a deposit of `deposit` (zero for none),
/// 10 people at most, standard cancellation policy.
pub async fn studio(
    unit: &mut Unit,
    owner: UserId,
    hourly: Cents,
    deposit: Cents,
) -> Result<StudioId, sqlx::Error> {
    let (studio_id, rate_id, now): (StudioId, StudioRateId, _) = (unit.mint(), unit.mint(), unit.now());
    sqlx::query(
        "insert into studios.studio
             (studio_id, owner_user_id, slug, title, description, city, region, time_zone, address, is_published,
              deposit_required, deposit_auth_cents, capacity_people, house_rules, created_at, updated_at)
         values ($1, $2, $3, 'Daylight Loft', 'North light, white walls', 'houston', 'TX', 'America/Chicago',
                 '{\"line1\": \"1 Test Street\", \"city\": \"Houston\", \"region\": \"TX\", \"postal\": \"77002\"}',
                 true, $4::bigint > 0, $4, 10, array['No glitter.'], $5, $5)",
    )
    .bind(studio_id)
    .bind(owner)
    .bind(format!("daylight-loft-{}", studio_id.as_uuid().simple()))
    .bind(deposit)
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query(
        "insert into studios.studio_policy
             (studio_id, buffer_before_min, buffer_after_min, cleaning_min, cancellation_policy)
         values ($1, 30, 30, 30, $2)",
    )
    .bind(studio_id)
    .bind(Json(CancellationPolicy::standard()))
    .execute(unit.conn())
    .await?;
    // Opens at midnight and closes 24 hours later, but only seven times a week: a booking may not cross midnight
    // in Houston, which is 05:00 or 06:00 UTC.
    sqlx::query(
        "insert into studios.studio_rate
             (rate_id, studio_id, kind, name, dow, start_local, end_local, price_cents, created_at)
         values ($1, $2, 'hourly', 'Hourly', array[0, 1, 2, 3, 4, 5, 6], '00:00', '24:00', $3, $4)",
    )
    .bind(rate_id)
    .bind(studio_id)
    .bind(hourly)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(studio_id)
}

/// Closes a studio for a time.
pub async fn blackout(unit: &mut Unit, studio_id: StudioId, range: TimeRange) -> Result<(), sqlx::Error> {
    let blackout_id: rastup_types::StudioBlackoutId = unit.mint();
    sqlx::query(
        "insert into studios.studio_blackout (blackout_id, studio_id, start_at, end_at) values ($1, $2, $3, $4)",
    )
    .bind(blackout_id)
    .bind(studio_id)
    .bind(range.start())
    .bind(range.end())
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Takes a studio off the market.
pub async fn unpublish(unit: &mut Unit, studio_id: StudioId) -> Result<(), sqlx::Error> {
    sqlx::query("update studios.studio set is_published = false where studio_id = $1")
        .bind(studio_id)
        .execute(unit.conn())
        .await?;
    Ok(())
}
