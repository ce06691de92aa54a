//! A seller's answer to an invite: an offer, which may be changed while the invite is open, or none.

use profiles::AddOnChoice;
use rastup_providers::tax::TaxQuotes;
use rastup_store::{Caller, Store, Unit};
use rastup_types::{InviteId, PackageId, ServiceProfileId};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Invite, Recipient, RecipientTrigger, rows, told};
use crate::{
    access,
    agreement::{Mode, OrderMode},
    error::BookingError,
    quote::{self, LegQuote},
    request::Side,
    start::{self, OrderInput},
};

/// What a seller offers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// The invite.
    pub invite_id: InviteId,
    /// The profile that was invited.
    pub service_profile_id: ServiceProfileId,
    /// A package as long as the session; the one that the buyer has in mind when absent.
    #[serde(default)]
    pub package_id: Option<PackageId>,
    /// Add-ons of the package.
    #[serde(default)]
    pub extras: Option<Vec<AddOnChoice>>,
    /// Words to the buyer.
    #[serde(default)]
    pub message: Option<String>,
}

/// What the order of an award says beyond its leg.
pub(super) fn order_mode(invite: &Invite) -> OrderMode {
    OrderMode {
        mode: Mode::Invite,
        location_kind: invite.location_kind,
        license_tier: None,
        travel_miles: None,
    }
}

/// Prices an offer as it would be booked now.
pub(super) async fn priced(
    unit: &mut Unit,
    tax: &dyn TaxQuotes,
    invite: &Invite,
    profile: ServiceProfileId,
    (package_id, extras): (PackageId, &[AddOnChoice]),
) -> Result<LegQuote, BookingError> {
    let input = OrderInput {
        mode: Mode::Invite,
        service_profile_id: profile,
        package_id,
        extras: Some(extras.to_vec()),
        when: invite.range()?,
        city: invite.city.clone(),
        location_kind: invite.location_kind,
        location_address: invite.location_address.clone(),
        license_tier: None,
        travel_miles: None,
        studio_id: None,
        crew_size: None,
    };
    start::talent(unit, tax, &input, &order_mode(invite)).await
}

/// Answers an open invite with an offer; again replaces it. Errors: `NOT_FOUND` for those who were not invited,
/// `WRONG_STATE`, `INPUT_INVALID`, `SP_NOT_FOUND`.
pub async fn respond(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    reply: &Reply,
) -> Result<(), BookingError> {
    let message = quote::text(reply.message.as_deref(), "message")?;
    let mut unit = store.unit(caller).await?;
    let (invite, mut recipient) = own(&mut unit, reply.invite_id, reply.service_profile_id).await?;
    let next = recipient.next(RecipientTrigger::Respond)?;
    let missing = BookingError::Invalid { field: "packageId", problem: "is missing" };
    let package_id = reply.package_id.or(recipient.package_id).ok_or(missing)?;
    let extras = reply.extras.clone().unwrap_or_default();
    let quote = priced(&mut unit, tax, &invite, reply.service_profile_id, (package_id, &extras)).await?;
    let answer = Answer {
        package_id,
        extras,
        message,
        subtotal_cents: quote.price.subtotal,
        total_cents: quote.price.total,
    };
    rows::set(&mut unit, &mut recipient, next, Some(answer), None).await?;
    unit.publish(told("booking.invite.responded", &invite, &recipient, Side::Buyer)).await?;
    unit.audit("invite.respond", invite.invite_id, json!({ "serviceProfileId": reply.service_profile_id }));
    unit.commit().await?;
    Ok(())
}

/// A seller is not interested; again changes nothing. Errors: `NOT_FOUND`, `WRONG_STATE`.
pub async fn decline(
    store: &Store,
    caller: &Caller,
    invite_id: InviteId,
    profile: ServiceProfileId,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let (invite, mut recipient) = own(&mut unit, invite_id, profile).await?;
    let next = recipient.next(RecipientTrigger::Decline)?;
    rows::set(&mut unit, &mut recipient, next, None, None).await?;
    unit.audit("invite.decline", invite.invite_id, json!({ "serviceProfileId": profile }));
    unit.commit().await?;
    Ok(())
}

async fn own(
    unit: &mut Unit,
    invite_id: InviteId,
    profile: ServiceProfileId,
) -> Result<(Invite, Recipient), BookingError> {
    let user_id = access::signed_in(unit.actor())?;
    let invite = rows::lock(unit, invite_id).await?;
    let recipients = rows::recipients(unit, invite_id).await?;
    let mine = recipients
        .into_iter()
        .find(|recipient| recipient.service_profile_id == profile && recipient.recipient_user_id == user_id);
    let mine = mine.ok_or(BookingError::NotFound("invite"))?;
    invite.require_open(unit.now())?;
    Ok((invite, mine))
}
