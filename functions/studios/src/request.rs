//! What the studios' world hears of requests that their hosts left unanswered (§1.24, addendum F).

use rastup_store::Unit;
use rastup_types::{RequestId, StudioId, UserId, event::NewEvent};

/// Says, inside the unit of whoever let it expire, that a host did not answer a request in time.
pub async fn request_expired(
    unit: &mut Unit,
    studio_id: StudioId,
    owner_user_id: UserId,
    request_id: RequestId,
) -> Result<(), sqlx::Error> {
    let event = NewEvent::new("studios", "studio.request.auto_expire")
        .id("studio_id", studio_id)
        .id("request_id", request_id)
        .user(owner_user_id);
    unit.publish(event).await?;
    Ok(())
}
