//! Times at which an owner's studios are closed, for the owner's calendar (§1.24, addendum G).

use chrono::{DateTime, Utc};
use rastup_store::Unit;
use rastup_types::{StudioBlackoutId, TimeRange, UserId};

use crate::StudioError;

/// Blackouts of every studio of a person that reach into `within`, earliest first.
pub async fn blackouts_of_owner(
    unit: &mut Unit,
    owner: UserId,
    within: TimeRange,
) -> Result<Vec<(StudioBlackoutId, TimeRange)>, StudioError> {
    let rows: Vec<(StudioBlackoutId, DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "select b.blackout_id, b.start_at, b.end_at
         from studios.studio_blackout b join studios.studio s using (studio_id)
         where s.owner_user_id = $1 and b.end_at > $2 and b.start_at < $3 order by b.start_at, b.blackout_id",
    )
    .bind(owner)
    .bind(within.start())
    .bind(within.end())
    .fetch_all(unit.conn())
    .await?;
    let range = |(id, start, end)| {
        let range = TimeRange::new(start, end).map_err(|_| StudioError::Unsound("a blackout is empty"))?;
        Ok((id, range))
    };
    rows.into_iter().map(range).collect()
}
