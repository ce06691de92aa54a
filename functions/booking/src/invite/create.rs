//! Inviting sellers to one brief.

use rastup_store::{
    Caller, Store,
    idempotency::{self, Begun},
};
use rastup_types::{ApiError, Cents, InviteId, PackageId, ServiceProfileId, TimeRange};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Invite, RECIPIENTS_MAX, Recipient, RecipientStatus, closes_at, rows, told};
use crate::{access, agreement::LocationKind, city, error::BookingError, quote, request::Side, window};

/// Longest brief, characters.
const BRIEF_CHARS_MAX: usize = 2_000;

/// Whom a buyer invites.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Invitee {
    /// The profile.
    pub service_profile_id: ServiceProfileId,
    /// The package that the buyer has in mind.
    #[serde(default)]
    pub package_id: Option<PackageId>,
}

/// What a buyer wants, and of whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewInvite {
    /// What is wanted.
    pub brief: String,
    /// Whom it goes to.
    pub recipients: Vec<Invitee>,
    /// When.
    pub when: TimeRange,
    /// Normalised city code.
    pub city: String,
    /// Where the work takes place.
    pub location_kind: LocationKind,
    /// The buyer's place, for the contract.
    #[serde(default)]
    pub location_address: Option<String>,
    /// What the buyer wants to spend on each, cents.
    #[serde(default)]
    pub budget_cents: Option<Cents>,
}

/// Sends one brief to several sellers; a repetition with the same `request_key` answers with the same invite.
/// Errors: `INPUT_INVALID`, `SP_NOT_FOUND`, `IDEMPOTENCY_CONFLICT`, `FORBIDDEN`.
pub async fn create(
    store: &Store,
    caller: &Caller,
    new: &NewInvite,
    request_key: Option<&str>,
) -> Result<InviteId, BookingError> {
    const OPERATION: &str = "createInvite";
    let buyer = access::buyer(&caller.actor)?;
    check(new)?;
    let location_address = quote::text(new.location_address.as_deref(), "locationAddress")?;
    let mut unit = store.unit(caller).await?;
    if let Some(key) = request_key
        && let Begun::Replay(answer) = idempotency::begin(&mut unit, OPERATION, key, new).await?
    {
        let known = serde_json::from_value(answer["inviteId"].clone());
        return known.map_err(|cause| ApiError::internal(cause).into());
    }
    let now = unit.now();
    window::bookable(new.when, now)?;
    let invite = Invite {
        invite_id: unit.mint(),
        buyer_user_id: buyer,
        brief: new.brief.trim().to_owned(),
        city: new.city.clone(),
        start_at: new.when.start(),
        end_at: new.when.end(),
        location_kind: new.location_kind,
        location_address,
        budget_cents: new.budget_cents,
        closes_at: closes_at(now, new.when.start()),
        closed_at: None,
        created_at: now,
    };
    rows::insert(&mut unit, &invite).await?;
    for invitee in &new.recipients {
        let profile = profiles::published(&mut unit, invitee.service_profile_id).await?;
        let bad = |problem| BookingError::Invalid { field: "recipients", problem };
        if profile.user_id == buyer {
            return Err(bad("holds your own profile"));
        }
        if profile.city != new.city {
            return Err(bad("holds a profile that works in another city"));
        }
        let sells = |id| profile.packages.iter().any(|package| package.package_id == id);
        if invitee.package_id.is_some_and(|id| !sells(id)) {
            return Err(bad("names a package that its profile does not sell"));
        }
        let recipient = Recipient {
            invite_id: invite.invite_id,
            service_profile_id: invitee.service_profile_id,
            recipient_user_id: profile.user_id,
            status: RecipientStatus::New,
            package_id: invitee.package_id,
            answer: None,
            lbg_id: None,
        };
        rows::insert_recipient(&mut unit, &recipient).await?;
        unit.publish(told("booking.invite.sent", &invite, &recipient, Side::Seller)).await?;
    }
    unit.audit("invite.create", invite.invite_id, json!({ "recipients": new.recipients.len() }));
    if let Some(key) = request_key {
        idempotency::finish(&mut unit, OPERATION, key, &json!({ "inviteId": invite.invite_id })).await?;
    }
    unit.commit().await?;
    Ok(invite.invite_id)
}

fn check(new: &NewInvite) -> Result<(), BookingError> {
    let bad = |field, problem| Err(BookingError::Invalid { field, problem });
    let brief = new.brief.trim();
    if !(1..=BRIEF_CHARS_MAX).contains(&brief.chars().count()) {
        return bad("brief", "must have 1 to 2000 characters");
    }
    if brief.chars().any(|letter| letter.is_control() && letter != '\n') {
        return bad("brief", "must not hold control characters");
    }
    city::time_zone(&new.city)?;
    if !(1..=RECIPIENTS_MAX).contains(&new.recipients.len()) {
        return bad("recipients", "must name 1 to 10 profiles");
    }
    let is_twice = |(index, invitee): (usize, &Invitee)| {
        new.recipients[..index].iter().any(|other| other.service_profile_id == invitee.service_profile_id)
    };
    if new.recipients.iter().enumerate().any(is_twice) {
        return bad("recipients", "names a profile twice");
    }
    if new.location_kind == LocationKind::RentedStudio {
        return bad("locationKind", "must be BUYER, PROVIDER_STUDIO or REMOTE");
    }
    if new.budget_cents.is_some_and(|budget| !(1..=i64::from(i32::MAX)).contains(&budget.0)) {
        return bad("budgetCents", "must be above zero");
    }
    Ok(())
}
