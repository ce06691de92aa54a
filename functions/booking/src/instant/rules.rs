//! Whether a seller's rules accept a booking without asking: a pure decision.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::Tz;
use rastup_types::Cents;
use serde::{Deserialize, Serialize};

/// When a seller accepts without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Rules {
    /// False: never.
    pub allow_ib: bool,
    /// Days of the week, bit 0 Monday; every day when absent.
    pub weekday_mask: Option<i32>,
    /// Least price of the seller's lines, cents.
    pub min_price_cents: Option<Cents>,
    /// Farthest place, miles.
    pub max_distance_mi: Option<i32>,
    /// Hours in which the seller answers a request.
    pub answer_hours: Option<i32>,
}

/// How far the seller has to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distance {
    /// Nowhere.
    None,
    /// Started miles.
    Miles(i32),
    /// To a place whose distance nobody named.
    Unknown,
}

/// What the rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Start of the session.
    pub start: DateTime<Utc>,
    /// Clock of the place.
    pub zone: Tz,
    /// Price of the seller's lines, cents.
    pub subtotal: Cents,
    /// How far the place is.
    pub distance: Distance,
}

/// Why the seller has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The seller does not offer instant booking.
    NotOffered,
    /// Not on this day of the week.
    Weekday,
    /// The price is below the seller's least.
    Price,
    /// The place is too far, or nobody said how far.
    Distance,
}

/// Every reason for which the seller has to be asked; none when the rules accept.
pub fn decide(rules: Option<&Rules>, wish: &Wish) -> Vec<Reason> {
    let Some(rules) = rules.filter(|rules| rules.allow_ib) else { return vec![Reason::NotOffered] };
    let day = wish.start.with_timezone(&wish.zone).weekday().num_days_from_monday();
    let is_far = match (rules.max_distance_mi, wish.distance) {
        (None, _) | (Some(_), Distance::None) => false,
        (Some(most), Distance::Miles(miles)) => miles > most,
        (Some(_), Distance::Unknown) => true,
    };
    let broken = [
        (rules.weekday_mask.is_some_and(|mask| mask & (1 << day) == 0), Reason::Weekday),
        (rules.min_price_cents.is_some_and(|least| wish.subtotal < least), Reason::Price),
        (is_far, Reason::Distance),
    ];
    broken.into_iter().filter_map(|(is_broken, reason)| is_broken.then_some(reason)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: Rules = Rules {
        allow_ib: true,
        weekday_mask: None,
        min_price_cents: None,
        max_distance_mi: None,
        answer_hours: None,
    };

    fn wish(start: &str, cents: i64, distance: Distance) -> Wish {
        Wish { start: start.parse().unwrap(), zone: Tz::America__Chicago, subtotal: Cents(cents), distance }
    }

    #[test]
    fn the_rules_decide_by_day_price_and_distance() {
        use Distance::{Miles, None as Nowhere, Unknown};
        use Reason::{Distance as Far, NotOffered, Price, Weekday};
        let weekdays = Rules { weekday_mask: Some(0b001_1111), ..ALL };
        let dear = Rules { min_price_cents: Some(Cents(40_000)), ..ALL };
        let near = Rules { max_distance_mi: Some(25), ..ALL };
        // 2026-06-05 is a Friday; 03:00 UTC on Saturday is still Friday in Houston.
        let (friday, late, saturday) =
            ("2026-06-05T15:00:00Z", "2026-06-06T03:00:00Z", "2026-06-06T05:00:00Z");
        for (rules, wish, reasons) in [
            (None, wish(friday, 1, Nowhere), vec![NotOffered]),
            (Some(Rules { allow_ib: false, ..ALL }), wish(friday, 1, Nowhere), vec![NotOffered]),
            (Some(ALL), wish(friday, 1, Unknown), vec![]),
            (Some(weekdays), wish(friday, 1, Nowhere), vec![]),
            (Some(weekdays), wish(late, 1, Nowhere), vec![]),
            (Some(weekdays), wish(saturday, 1, Nowhere), vec![Weekday]),
            (Some(dear), wish(friday, 40_000, Nowhere), vec![]),
            (Some(dear), wish(friday, 39_999, Nowhere), vec![Price]),
            (Some(near), wish(friday, 1, Nowhere), vec![]),
            (Some(near), wish(friday, 1, Miles(25)), vec![]),
            (Some(near), wish(friday, 1, Miles(26)), vec![Far]),
            (Some(near), wish(friday, 1, Unknown), vec![Far]),
            (
                Some(Rules { weekday_mask: Some(1), min_price_cents: Some(Cents(2)), ..near }),
                wish(friday, 1, Unknown),
                vec![Weekday, Price, Far],
            ),
        ] {
            assert_eq!(decide(rules.as_ref(), &wish), reasons, "{rules:?} {wish:?}");
        }
    }

    proptest! {
        #[test]
        fn a_dearer_or_nearer_wish_is_never_refused_more(
            mask in prop::option::of(1i32..128), least in prop::option::of(0i64..1000), most in prop::option::of(0i32..100),
            hour in 0i64..400, cents in 0i64..1000, more in 0i64..1000, miles in 1i32..100, fewer in 0i32..100,
        ) {
            let rules = Rules {
                weekday_mask: mask, min_price_cents: least.map(Cents), max_distance_mi: most, ..ALL
            };
            let start = DateTime::from_timestamp(1_780_000_000 + hour * 3600, 0).unwrap();
            let wish = Wish {
                start, zone: Tz::America__Chicago, subtotal: Cents(cents), distance: Distance::Miles(miles),
            };
            let better = Wish {
                subtotal: Cents(cents + more), distance: Distance::Miles((miles - fewer).max(1)), ..wish
            };
            let before = decide(Some(&rules), &wish);
            prop_assert!(decide(Some(&rules), &better).iter().all(|reason| before.contains(reason)));
            prop_assert_eq!(decide(Some(&Rules { allow_ib: false, ..rules }), &better), vec![Reason::NotOffered]);
        }
    }
}
