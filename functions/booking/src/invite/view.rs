//! Invites as GraphQL answers: the buyer sees every side, an invited seller their own and not the buyer's address.

use rastup_store::Unit;
use rastup_types::InviteId;
use serde_json::{Value, json};

use super::{Recipient, rows};
use crate::{access, error::BookingError, time};

/// An invite for the caller. Error: `NOT_FOUND` for who neither made it nor was invited.
pub async fn invite(unit: &mut Unit, invite_id: InviteId) -> Result<Value, BookingError> {
    let user_id = access::signed_in(unit.actor())?;
    let invite = rows::read(unit, invite_id).await?;
    let is_buyer = invite.buyer_user_id == user_id;
    let recipients = rows::recipients(unit, invite_id).await?;
    let seen: Vec<&Recipient> =
        recipients.iter().filter(|recipient| is_buyer || recipient.recipient_user_id == user_id).collect();
    if seen.is_empty() {
        return Err(BookingError::NotFound("invite"));
    }
    Ok(json!({
        "inviteId": invite.invite_id,
        "buyerUserId": invite.buyer_user_id,
        "brief": invite.brief,
        "city": invite.city,
        "startAt": time::text(invite.start_at),
        "endAt": time::text(invite.end_at),
        "locationKind": invite.location_kind,
        "budgetCents": invite.budget_cents,
        "closesAt": time::text(invite.closes_at),
        "closedAt": invite.closed_at.map(time::text),
        "createdAt": time::text(invite.created_at),
        "recipients": seen.into_iter().map(recipient_json).collect::<Vec<_>>(),
    }))
}

fn recipient_json(recipient: &Recipient) -> Value {
    let answer = recipient.answer.as_ref();
    json!({
        "serviceProfileId": recipient.service_profile_id,
        "status": recipient.status,
        "packageId": answer.map(|answer| answer.package_id).or(recipient.package_id),
        "message": answer.and_then(|answer| answer.message.as_ref()),
        "subtotalCents": answer.map(|answer| answer.subtotal_cents),
        "totalCents": answer.map(|answer| answer.total_cents),
        "lbgId": recipient.lbg_id,
    })
}
