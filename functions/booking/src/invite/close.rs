//! Closing an invite: by the buyer with an award, or by time.

use rastup_store::{Caller, Store, Unit};
use rastup_types::InviteId;
use serde_json::json;

use super::{Invite, Recipient, RecipientTrigger, rows, told};
use crate::{error::BookingError, request::Side};

/// Most invites of one run; the next minute takes the rest.
const BATCH: i64 = 200;

/// Ends an invite for everybody who was not awarded.
pub(super) async fn close(
    unit: &mut Unit,
    invite: &mut Invite,
    recipients: &mut [Recipient],
) -> Result<(), BookingError> {
    for recipient in recipients {
        let Some(next) = recipient.status.after(RecipientTrigger::Close) else { continue };
        let answer = recipient.answer.take().map(|answer| answer.0);
        rows::set(unit, recipient, next, answer, None).await?;
        unit.publish(told("booking.invite.closed", invite, recipient, Side::Seller)).await?;
    }
    Ok(rows::set_closed(unit, invite).await?)
}

/// Closes invites past their end, each in a unit of its own; answers with how many.
pub async fn sweep(store: &Store, caller: &Caller) -> Result<usize, BookingError> {
    let mut unit = store.unit(caller).await?;
    let due = rows::due(&mut unit, BATCH).await?;
    drop(unit);
    let mut closed = 0;
    for invite_id in due {
        match close_due(store, caller, invite_id).await {
            Ok(is_closed) => closed += usize::from(is_closed),
            Err(error) => {
                tracing::warn!(invite.id = %invite_id, error = %error, "an invite could not be closed")
            }
        }
    }
    Ok(closed)
}

async fn close_due(store: &Store, caller: &Caller, invite_id: InviteId) -> Result<bool, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut invite = rows::lock(&mut unit, invite_id).await?;
    if invite.closed_at.is_some() || invite.closes_at > unit.now() {
        return Ok(false);
    }
    let mut recipients = rows::recipients(&mut unit, invite_id).await?;
    close(&mut unit, &mut invite, &mut recipients).await?;
    unit.audit("invite.close", invite_id, json!({}));
    unit.commit().await?;
    Ok(true)
}
