//! Requests to book: an offer for one leg that waits for the other side. States, turns and deadlines as pure rules;
//! the use cases are in the files below.

mod answer;
mod counter;
mod expire;
mod offer;
mod rows;
mod send;
pub mod view;

use chrono::{DateTime, Duration, Utc};
use rastup_types::{Cents, Currency, LbgId, LegId, RequestId, UserId, event::NewEvent, pricing::LegType};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

pub use answer::{accept, decline, withdraw};
pub use counter::counter;
pub use expire::{Swept, sweep};
pub(crate) use offer::priced;
pub use offer::{LineChange, Offer, changed_lines};
pub use rows::page;
pub(crate) use rows::pending as pending_of;
pub(crate) use send::open as open_for_leg;
pub use send::send;

use crate::{
    error::BookingError,
    order::{self, Leg, Order},
    time,
};

/// How long a talent has to answer, hours (§1.3.5.B).
pub const TALENT_ANSWER_HOURS: i64 = 48;
/// How long a studio's host has to answer, hours (§1.24, addendum F).
pub const HOST_ANSWER_HOURS: i64 = 24;
/// Most counters of one request.
pub const COUNTERS_MAX: i32 = 6;

/// State of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RequestStatus {
    /// It waits for an answer.
    Pending,
    /// Both sides agree on its offer.
    Accepted,
    /// The other side does not want it.
    Declined,
    /// Another offer took its place.
    Countered,
    /// Nobody answered in time.
    Expired,
    /// It was taken back, or another leg of its order was refused.
    Withdrawn,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestTrigger {
    /// The side it waits for accepts.
    Accept,
    /// The side it waits for declines.
    Decline,
    /// The side it waits for makes another offer.
    Counter,
    /// Its time to answer is over.
    Expire,
    /// The side that made it takes it back.
    Withdraw,
}

use RequestStatus as S;
use RequestTrigger as T;

/// Every legal transition; what is not listed is refused.
pub const TRANSITIONS: &[(RequestStatus, RequestTrigger, RequestStatus)] = &[
    (S::Pending, T::Accept, S::Accepted),
    (S::Pending, T::Decline, S::Declined),
    (S::Pending, T::Counter, S::Countered),
    (S::Pending, T::Expire, S::Expired),
    (S::Pending, T::Withdraw, S::Withdrawn),
];

impl RequestStatus {
    /// Every state.
    pub const ALL: [RequestStatus; 6] =
        [S::Pending, S::Accepted, S::Declined, S::Countered, S::Expired, S::Withdrawn];

    /// The state after `trigger`; `None` when that is not allowed here.
    pub fn after(self, trigger: RequestTrigger) -> Option<RequestStatus> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == trigger).map(|(_, _, to)| *to)
    }
}

impl RequestTrigger {
    /// Every trigger.
    pub const ALL: [RequestTrigger; 5] = [T::Accept, T::Decline, T::Counter, T::Expire, T::Withdraw];
}

/// A side of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Side {
    /// Who books.
    Buyer,
    /// Who is booked: the talent or the studio's host.
    Seller,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Side {
        match self {
            Side::Buyer => Side::Seller,
            Side::Seller => Side::Buyer,
        }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Request {
    /// Identity.
    pub request_id: RequestId,
    /// The order.
    pub lbg_id: LbgId,
    /// The leg that it is for.
    pub leg_id: LegId,
    /// Who books.
    pub buyer_user_id: UserId,
    /// Who is booked.
    pub seller_user_id: UserId,
    /// State.
    pub status: RequestStatus,
    /// Who has to answer.
    pub awaits: Side,
    /// The request that this one answers.
    pub counter_of: Option<RequestId>,
    /// How many counters came before.
    pub round: i32,
    /// Words of who made it.
    pub message: Option<String>,
    /// Words of who declined it.
    pub decline_reason: Option<String>,
    /// Time, lines and price that are agreed to by accepting.
    pub offer: Json<Offer>,
    /// What the buyer would pay for the leg, cents.
    pub total_cents: Cents,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// When it was answered or ended.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Request {
    /// On which side a person is; `None` for somebody who may not know of it.
    pub fn side_of(&self, user_id: UserId) -> Option<Side> {
        match user_id {
            id if id == self.buyer_user_id => Some(Side::Buyer),
            id if id == self.seller_user_id => Some(Side::Seller),
            _ => None,
        }
    }
    /// The person of a side.
    pub fn person(&self, side: Side) -> UserId {
        match side {
            Side::Buyer => self.buyer_user_id,
            Side::Seller => self.seller_user_id,
        }
    }
    /// Whether `side` may do this at `now`. Errors: `WRONG_STATE`, saying what is in the way.
    pub fn check(&self, side: Side, trigger: RequestTrigger, now: DateTime<Utc>) -> Result<(), BookingError> {
        if self.status.after(trigger).is_none() {
            return Err(BookingError::WrongState("The request is over."));
        }
        if self.expires_at <= now {
            return Err(BookingError::WrongState("The request has expired."));
        }
        let turn = match trigger {
            T::Accept | T::Decline | T::Counter => self.awaits,
            T::Withdraw => self.awaits.other(),
            // Time has no side.
            T::Expire => side,
        };
        if turn != side {
            return Err(BookingError::WrongState("It is the other side that has to act on the request."));
        }
        Ok(())
    }
}

/// Until when a request made now can be answered: as long as its kind of seller has, never beyond the session's start.
pub fn answer_by(
    leg_type: LegType,
    rule_hours: Option<i32>,
    now: DateTime<Utc>,
    start: DateTime<Utc>,
) -> DateTime<Utc> {
    let hours = match (rule_hours, leg_type) {
        (Some(hours), _) => i64::from(hours),
        (None, LegType::Talent) => TALENT_ANSWER_HOURS,
        (None, LegType::Studio) => HOST_ANSWER_HOURS,
    };
    (now + Duration::hours(hours)).min(start)
}

/// An event about a request, for the side that hears of it.
fn told(name: &'static str, request: &Request, order: &Order, leg: &Leg, hears: Side) -> NewEvent {
    NewEvent::new("booking", name)
        .id("request_id", request.request_id)
        .id("lbg_id", request.lbg_id)
        .id("leg_id", request.leg_id)
        .user(request.person(hears))
        .city(&order.group.city)
        .money(request.total_cents, Currency::USD)
        .fact("leg_type", order::type_name(leg.leg_type))
        .fact("round", request.round)
        .fact("expires_at", time::text(request.expires_at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_pending_request_can_change_and_it_never_comes_back() {
        for status in RequestStatus::ALL {
            for trigger in RequestTrigger::ALL {
                let next = status.after(trigger);
                assert_eq!(next.is_some(), status == S::Pending, "{status:?} {trigger:?}");
                assert_ne!(next, Some(S::Pending));
            }
        }
        assert_eq!(TRANSITIONS.len(), RequestTrigger::ALL.len());
    }

    proptest! {
        #[test]
        fn a_deadline_is_ahead_and_not_beyond_the_start(
            ahead in 1i64..40_000, hours in prop::option::of(6i32..=72), studio in any::<bool>(),
        ) {
            let now = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
            let start = now + Duration::minutes(ahead);
            let leg_type = if studio { LegType::Studio } else { LegType::Talent };
            let until = answer_by(leg_type, hours, now, start);
            prop_assert!(until > now && until <= start && until <= now + Duration::hours(72));
        }
    }
}
