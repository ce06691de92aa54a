//! The life of a leg as one table of (state, trigger) → state, and the order's state derived from its legs. No I/O.

use serde::{Deserialize, Serialize};

/// State of a leg. A refund or a dispute never changes it: those change ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LegStatus {
    /// Being put together.
    Draft,
    /// Its documents are out for signature, or have to be issued again.
    AwaitingDocs,
    /// Its documents are signed; the order can be paid.
    AwaitingPayment,
    /// Paid and reserved.
    Confirmed,
    /// The session is on.
    InProgress,
    /// The session is over; the buyer may accept or report an issue.
    Delivered,
    /// Accepted.
    Completed,
    /// Given up after it was agreed.
    Cancelled,
    /// Given up before it was agreed.
    Failed,
}

/// What happens to a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// Its document pack is issued.
    IssuePack,
    /// Its active pack is signed by everybody.
    SignPack,
    /// Its pack does not bind any more: a party declined, or the signing time ran out.
    LosePack,
    /// Its terms change before payment.
    ChangeTerms,
    /// The confirmation saga commits.
    Confirm,
    /// The session starts.
    StartSession,
    /// The session ends.
    EndSession,
    /// The buyer accepts, or the acceptance window ends.
    Accept,
}

use LegStatus as S;
use Trigger as T;

/// Every legal transition; what is not listed is refused.
pub const TRANSITIONS: &[(LegStatus, Trigger, LegStatus)] = &[
    (S::Draft, T::IssuePack, S::AwaitingDocs),
    (S::AwaitingDocs, T::IssuePack, S::AwaitingDocs),
    (S::AwaitingDocs, T::SignPack, S::AwaitingPayment),
    (S::AwaitingDocs, T::LosePack, S::AwaitingDocs),
    (S::AwaitingPayment, T::LosePack, S::AwaitingDocs),
    (S::Draft, T::ChangeTerms, S::Draft),
    (S::AwaitingDocs, T::ChangeTerms, S::AwaitingDocs),
    (S::AwaitingPayment, T::ChangeTerms, S::AwaitingDocs),
    (S::AwaitingPayment, T::Confirm, S::Confirmed),
    (S::Confirmed, T::StartSession, S::InProgress),
    (S::InProgress, T::EndSession, S::Delivered),
    (S::Delivered, T::Accept, S::Completed),
];

impl LegStatus {
    /// Every state.
    pub const ALL: [LegStatus; 9] = [
        S::Draft,
        S::AwaitingDocs,
        S::AwaitingPayment,
        S::Confirmed,
        S::InProgress,
        S::Delivered,
        S::Completed,
        S::Cancelled,
        S::Failed,
    ];

    /// The state after `trigger`; `None` when that is not allowed here.
    pub fn after(self, trigger: Trigger) -> Option<LegStatus> {
        TRANSITIONS.iter().find(|(from, on, _)| *from == self && *on == trigger).map(|(_, _, to)| *to)
    }

    /// True until the order is paid.
    pub fn is_before_payment(self) -> bool {
        match self {
            S::Draft | S::AwaitingDocs | S::AwaitingPayment => true,
            S::Confirmed | S::InProgress | S::Delivered | S::Completed | S::Cancelled | S::Failed => false,
        }
    }

    /// True once the order is confirmed and as long as it was not given up.
    pub fn is_confirmed(self) -> bool {
        match self {
            S::Confirmed | S::InProgress | S::Delivered | S::Completed => true,
            S::Draft | S::AwaitingDocs | S::AwaitingPayment | S::Cancelled | S::Failed => false,
        }
    }
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Trigger; 8] = [
        T::IssuePack,
        T::SignPack,
        T::LosePack,
        T::ChangeTerms,
        T::Confirm,
        T::StartSession,
        T::EndSession,
        T::Accept,
    ];
}

/// The order's state (§1.3.C): as far as its slowest leg before the session, in progress as soon as one leg is, and
/// ended only when every leg has. Legs given up do not hold the others back. No legs: a draft.
pub fn group_status(legs: &[LegStatus]) -> LegStatus {
    let alive = || legs.iter().copied().filter(|leg| !matches!(leg, S::Cancelled | S::Failed));
    let Some(slowest) = alive().min() else {
        let any_cancelled = legs.contains(&S::Cancelled);
        return if any_cancelled {
            S::Cancelled
        } else if legs.is_empty() {
            S::Draft
        } else {
            S::Failed
        };
    };
    if slowest == S::Confirmed && alive().any(|leg| leg > S::Confirmed) { S::InProgress } else { slowest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_pair_outside_the_table_is_refused() {
        let mut refused = 0;
        for state in LegStatus::ALL {
            for trigger in Trigger::ALL {
                let listed: Vec<_> =
                    TRANSITIONS.iter().filter(|(from, on, _)| *from == state && *on == trigger).collect();
                match listed.as_slice() {
                    [] => {
                        assert_eq!(state.after(trigger), None, "{state:?} {trigger:?}");
                        refused += 1;
                    }
                    [(_, _, to)] => assert_eq!(state.after(trigger), Some(*to)),
                    more => panic!("ambiguous: {more:?}"),
                }
            }
        }
        assert_eq!(refused, LegStatus::ALL.len() * Trigger::ALL.len() - TRANSITIONS.len());
    }

    #[test]
    fn nothing_leaves_an_end_and_nothing_after_payment_goes_back() {
        for (from, _, to) in TRANSITIONS {
            assert!(!matches!(from, S::Completed | S::Cancelled | S::Failed));
            assert!(from.is_before_payment() || to > from, "{from:?} → {to:?}");
        }
    }

    #[test]
    fn only_the_confirmation_leads_across_the_payment() {
        let across: Vec<_> = TRANSITIONS
            .iter()
            .filter(|(from, _, to)| from.is_before_payment() && to.is_confirmed())
            .collect();
        assert_eq!(across, [&(S::AwaitingPayment, T::Confirm, S::Confirmed)]);
    }

    #[test]
    fn the_order_follows_its_legs() {
        for (legs, order) in [
            (vec![], S::Draft),
            (vec![S::Draft, S::AwaitingPayment], S::Draft),
            (vec![S::AwaitingDocs, S::AwaitingPayment], S::AwaitingDocs),
            (vec![S::AwaitingPayment, S::AwaitingPayment], S::AwaitingPayment),
            (vec![S::Confirmed, S::Confirmed], S::Confirmed),
            (vec![S::Confirmed, S::InProgress], S::InProgress),
            (vec![S::Confirmed, S::Delivered], S::InProgress),
            (vec![S::Completed, S::Delivered], S::Delivered),
            (vec![S::Completed, S::Completed], S::Completed),
            (vec![S::Completed, S::Cancelled], S::Completed),
            (vec![S::Cancelled, S::Cancelled], S::Cancelled),
            (vec![S::Failed, S::Failed], S::Failed),
            (vec![S::Failed, S::Cancelled], S::Cancelled),
        ] {
            assert_eq!(group_status(&legs), order, "{legs:?}");
        }
    }

    #[test]
    fn the_readme_draws_the_table() {
        let readme = include_str!("../README.md");
        for (from, trigger, to) in TRANSITIONS {
            let arrow = format!("    {from:?} --> {to:?}: {trigger:?}\n");
            assert!(readme.contains(&arrow), "README.md lacks {arrow}");
        }
        assert_eq!(
            readme.matches(" --> ").count(),
            TRANSITIONS.len() + 2,
            "README.md draws more than the table"
        );
    }

    proptest! {
        #[test]
        fn the_order_of_its_legs_does_not_matter(legs in prop::collection::vec(0usize..9, 0..4)) {
            let legs: Vec<_> = legs.into_iter().map(|index| LegStatus::ALL[index]).collect();
            let mut turned = legs.clone();
            turned.reverse();
            prop_assert_eq!(group_status(&legs), group_status(&turned));
        }
    }
}
