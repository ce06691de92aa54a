//! Smart invites: one private brief to several sellers, whose answers are offers; the buyer awards one or more.

mod award;
mod close;
mod create;
mod respond;
mod rows;
pub mod view;

use chrono::{DateTime, Duration, Utc};
use profiles::AddOnChoice;
use rastup_types::{Cents, InviteId, LbgId, PackageId, ServiceProfileId, TimeRange, UserId, event::NewEvent};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

pub use award::award;
pub use close::sweep;
pub use create::{Invitee, NewInvite, create};
pub use respond::{Reply, decline, respond};
pub use rows::page;

use crate::{agreement::LocationKind, error::BookingError, request::Side, time};

/// Most sellers of one invite.
pub const RECIPIENTS_MAX: usize = 10;
/// How long an invite is open, days.
const OPEN_DAYS: i64 = 7;

/// Until when an invite made now is open; never beyond the session's start.
pub fn closes_at(now: DateTime<Utc>, start: DateTime<Utc>) -> DateTime<Utc> {
    (now + Duration::days(OPEN_DAYS)).min(start)
}

/// State of a seller's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RecipientStatus {
    /// Invited.
    New,
    /// Answered with an offer.
    Responded,
    /// Not interested.
    Declined,
    /// Booked.
    Awarded,
    /// The invite closed without them.
    NotAwarded,
}

/// What happens to a seller's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecipientTrigger {
    /// The seller offers.
    Respond,
    /// The seller is not interested.
    Decline,
    /// The buyer books the offer.
    Award,
    /// The invite closes.
    Close,
}

use RecipientStatus as S;
use RecipientTrigger as T;

/// Every legal transition; what is not listed is refused.
pub const TRANSITIONS: &[(RecipientStatus, RecipientTrigger, RecipientStatus)] = &[
    (S::New, T::Respond, S::Responded),
    (S::Responded, T::Respond, S::Responded),
    (S::New, T::Decline, S::Declined),
    (S::Responded, T::Decline, S::Declined),
    (S::Responded, T::Award, S::Awarded),
    (S::New, T::Close, S::NotAwarded),
    (S::Responded, T::Close, S::NotAwarded),
];

impl RecipientStatus {
    /// Every state.
    pub const ALL: [RecipientStatus; 5] = [S::New, S::Responded, S::Declined, S::Awarded, S::NotAwarded];

    /// The state after `trigger`; `None` when that is not allowed here.
    pub fn after(self, trigger: RecipientTrigger) -> Option<RecipientStatus> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == trigger).map(|(_, _, to)| *to)
    }
}

/// An invite.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Invite {
    /// Identity.
    pub invite_id: InviteId,
    /// Who invites.
    pub buyer_user_id: UserId,
    /// What is wanted; for the invited only.
    pub brief: String,
    /// Normalised city code.
    pub city: String,
    /// Start of the session.
    pub start_at: DateTime<Utc>,
    /// End of the session.
    pub end_at: DateTime<Utc>,
    /// Where the work takes place.
    pub location_kind: LocationKind,
    /// The buyer's place, for the contract; the invited do not see it.
    pub location_address: Option<String>,
    /// What the buyer wants to spend on each, cents.
    pub budget_cents: Option<Cents>,
    /// Until when it is open.
    pub closes_at: DateTime<Utc>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A seller's offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The package.
    pub package_id: PackageId,
    /// Its add-ons.
    pub extras: Vec<AddOnChoice>,
    /// Words to the buyer.
    pub message: Option<String>,
    /// The seller's lines, cents.
    pub subtotal_cents: Cents,
    /// What the buyer would pay, cents.
    pub total_cents: Cents,
}

/// A seller's side of an invite.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Recipient {
    /// The invite.
    pub invite_id: InviteId,
    /// The invited profile.
    pub service_profile_id: ServiceProfileId,
    /// Its account.
    pub recipient_user_id: UserId,
    /// State.
    pub status: RecipientStatus,
    /// The package that the buyer has in mind.
    pub package_id: Option<PackageId>,
    /// The offer.
    pub answer: Option<Json<Answer>>,
    /// The order that the award made.
    pub lbg_id: Option<LbgId>,
}

impl Invite {
    /// The session.
    pub fn range(&self) -> Result<TimeRange, BookingError> {
        TimeRange::new(self.start_at, self.end_at)
            .map_err(|cause| BookingError::Shared(rastup_types::ApiError::internal(cause)))
    }
    /// Refuses what needs an open invite. Error: `WRONG_STATE`.
    pub fn require_open(&self, now: DateTime<Utc>) -> Result<(), BookingError> {
        if self.closed_at.is_some() || self.closes_at <= now {
            return Err(BookingError::WrongState("The invite is closed."));
        }
        Ok(())
    }
}

impl Recipient {
    /// The state after `trigger`. Error: `WRONG_STATE`.
    pub fn next(&self, trigger: RecipientTrigger) -> Result<RecipientStatus, BookingError> {
        let refused = BookingError::WrongState("The invited seller's side does not allow this now.");
        self.status.after(trigger).ok_or(refused)
    }
}

/// An event about one seller's side, for the side that hears of it.
fn told(name: &'static str, invite: &Invite, recipient: &Recipient, hears: Side) -> NewEvent {
    let person = match hears {
        Side::Buyer => invite.buyer_user_id,
        Side::Seller => recipient.recipient_user_id,
    };
    NewEvent::new("booking", name)
        .id("invite_id", invite.invite_id)
        .id("service_profile_id", recipient.service_profile_id)
        .user(person)
        .city(&invite.city)
        .fact("closes_at", time::text(invite.closes_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_offer_can_be_awarded_and_an_end_is_an_end() {
        let mut legal = 0;
        for status in RecipientStatus::ALL {
            for trigger in [T::Respond, T::Decline, T::Award, T::Close] {
                let next = status.after(trigger);
                legal += usize::from(next.is_some());
                let is_over = matches!(status, S::Declined | S::Awarded | S::NotAwarded);
                assert!(!(is_over && next.is_some()), "{status:?} {trigger:?}");
                assert_eq!(next == Some(S::Awarded), (status, trigger) == (S::Responded, T::Award));
            }
        }
        assert_eq!(legal, TRANSITIONS.len());
    }

    #[test]
    fn an_invite_is_open_a_week_and_not_beyond_the_start() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-06-01T12:00:00Z");
        assert_eq!(closes_at(now, at("2026-06-20T12:00:00Z")), at("2026-06-08T12:00:00Z"));
        assert_eq!(closes_at(now, at("2026-06-03T12:00:00Z")), at("2026-06-03T12:00:00Z"));
    }
}
