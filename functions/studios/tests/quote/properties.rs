//! What holds for every studio and every time: sums, bounds, order and repetition.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::America;
use proptest::prelude::*;
use rastup_types::{BasisPoints, Cents, TimeRange, pricing::PricedLine};
use studios::quote::{CrewTier, Days, Peak, Rate, RateKind, Schedule, Window, price};

use crate::studios::{EVERY_DAY, bare, rate, window};

fn some_window() -> impl Strategy<Value = Window> {
    (prop::collection::vec(0..7i32, 1..7), 0..1_440i32, 1..=1_440i32)
        .prop_filter("a window has a length", |(_, start, end)| start != end)
        .prop_map(|(days, start_minute, end_minute)| Window {
            days: Days::from_numbers(&days).unwrap(),
            start_minute,
            end_minute,
        })
}

fn some_rate() -> impl Strategy<Value = Rate> {
    (
        0..1_000u128,
        0..3usize,
        some_window(),
        1..2_000_000i64,
        1..240i32,
        prop::option::of(240..1_440i32),
        15..480i32,
    )
        .prop_map(|(id, kind, window, cents, min_minutes, max_minutes, slot)| {
            let kind = [RateKind::Hourly, RateKind::Day, RateKind::Slot][kind];
            let slot_minutes = (kind == RateKind::Slot).then_some(slot);
            Rate { min_minutes, max_minutes, slot_minutes, ..rate(id, kind, "Rate", window, cents) }
        })
}

fn some_peak() -> impl Strategy<Value = Peak> {
    (some_window(), 1_000..50_000i32).prop_map(|(window, bps)| Peak {
        name: "Peak".to_owned(),
        window,
        multiplier: BasisPoints(bps),
    })
}

fn some_schedule() -> impl Strategy<Value = Schedule> {
    (
        prop::sample::select(vec![America::Chicago, America::Los_Angeles]),
        prop::collection::vec(some_rate(), 1..6),
        prop::collection::vec(some_peak(), 0..4),
        10_000..50_000i32,
        (0..480i32, 0..480i32, 0..480i32, 0..1_000_000i64),
    )
        .prop_map(|(zone, rates, peaks, crew, (before, after, cleaning, fee))| Schedule {
            rates,
            peaks,
            crew_tiers: vec![
                CrewTier { max_people: 3, multiplier: BasisPoints(10_000) },
                CrewTier { max_people: 20, multiplier: BasisPoints(crew) },
            ],
            buffer_before_min: before,
            buffer_after_min: after,
            cleaning_min: cleaning,
            cleaning_fee: Cents(fee),
            ..bare(zone)
        })
}

/// A range of 2026, so that both clock changes are met.
fn some_range() -> impl Strategy<Value = TimeRange> {
    (0..365 * 24 * 4i64, 1..24 * 60i64).prop_map(|(quarter, minutes)| {
        let start = DateTime::<Utc>::from_timestamp(1_767_225_600 + quarter * 900, 0).unwrap();
        TimeRange::new(start, start + Duration::minutes(minutes)).unwrap()
    })
}

/// A studio that is open round the clock, so that every range up to a day can be priced somewhere in it.
fn open_by_the_hour(cents: i64, peaks: Vec<Peak>) -> Schedule {
    let all_day = window(&EVERY_DAY, "12:00", "12:00");
    Schedule {
        rates: vec![Rate { min_minutes: 1, ..rate(1, RateKind::Hourly, "Hour", all_day, cents) }],
        peaks,
        ..bare(America::Chicago)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn lines_add_up_and_no_price_is_negative(
        schedule in some_schedule(), when in some_range(), crew in prop::option::of(1..=20i32)
    ) {
        if let Ok(quote) = price(&schedule, when, crew) {
            prop_assert_eq!(PricedLine::total(&quote.lines), quote.subtotal);
            for line in &quote.lines {
                prop_assert_eq!(Some(line.amount_cents), line.unit_price_cents.times(i64::from(line.quantity)));
                prop_assert!(line.quantity > 0);
            }
            prop_assert!(quote.subtotal >= Cents::ZERO);
        }
    }

    #[test]
    fn the_same_question_has_one_answer_whatever_the_order_of_the_rates(
        schedule in some_schedule(), when in some_range()
    ) {
        let mut reversed = schedule.clone();
        reversed.rates.reverse();
        let ids: std::collections::BTreeSet<_> = schedule.rates.iter().map(|r| r.rate_id).collect();
        prop_assume!(ids.len() == schedule.rates.len());
        let told = |s: &Schedule| price(s, when, None).map_err(|e| format!("{e:?}"));
        prop_assert_eq!(told(&schedule), told(&reversed));
    }

    #[test]
    fn an_hourly_price_never_falls_when_the_booking_grows(
        cents in 1..2_000_000i64, peaks in prop::collection::vec(some_peak(), 0..4), when in some_range(),
        more in 0..600i64
    ) {
        let schedule = open_by_the_hour(cents, peaks);
        let longer = TimeRange::new(when.start(), when.end() + Duration::minutes(more)).unwrap();
        if let (Ok(short), Ok(long)) = (price(&schedule, when, None), price(&schedule, longer, None)) {
            prop_assert!(short.subtotal <= long.subtotal);
        }
    }

    #[test]
    fn a_larger_crew_never_pays_less(schedule in some_schedule(), when in some_range(), crew in 1..20i32) {
        if let (Ok(few), Ok(more)) = (price(&schedule, when, Some(crew)), price(&schedule, when, Some(crew + 1))) {
            prop_assert!(few.subtotal <= more.subtotal);
        }
    }

    #[test]
    fn what_is_blocked_holds_the_booking_and_meets_no_blackout(
        mut schedule in some_schedule(), when in some_range(), blackout in some_range()
    ) {
        schedule.blackouts = vec![blackout];
        if let Ok(quote) = price(&schedule, when, None) {
            prop_assert!(quote.blocked.start() <= when.start() && when.end() <= quote.blocked.end());
            prop_assert!(!quote.blocked.overlaps(&blackout));
        }
    }

    #[test]
    fn the_rate_that_applies_is_the_cheapest_that_fits(schedule in some_schedule(), when in some_range()) {
        let plain = Schedule { peaks: Vec::new(), crew_tiers: Vec::new(), ..schedule };
        if let Ok(quote) = price(&plain, when, None) {
            for rate in &plain.rates {
                let alone = Schedule { rates: vec![rate.clone()], ..plain.clone() };
                if let Ok(other) = price(&alone, when, None) {
                    prop_assert!(quote.subtotal <= other.subtotal);
                }
            }
        }
    }
}
