//! The studios that the worked examples are reckoned with, and a generator of others.

use chrono_tz::{America, Tz};
use rastup_types::{BasisPoints, Cents, StudioRateId, TimeRange, id::TypedId};
use studios::quote::{CrewTier, Days, Peak, Rate, RateKind, Schedule, Window};

pub(crate) const EVERY_DAY: [i32; 7] = [0, 1, 2, 3, 4, 5, 6];
pub(crate) const WORKDAYS: [i32; 5] = [1, 2, 3, 4, 5];
pub(crate) const WEEKEND: [i32; 2] = [0, 6];

pub(crate) fn window(days: &[i32], from: &str, to: &str) -> Window {
    let minute = |clock: &str| {
        let (hour, minute) = clock.split_once(':').unwrap();
        hour.parse::<i32>().unwrap() * 60 + minute.parse::<i32>().unwrap()
    };
    Window { days: Days::from_numbers(days).unwrap(), start_minute: minute(from), end_minute: minute(to) }
}

pub(crate) fn rate(number: u128, kind: RateKind, name: &str, window: Window, price: i64) -> Rate {
    Rate {
        rate_id: StudioRateId::from_uuid(uuid::Uuid::from_u128(number)),
        kind,
        name: name.to_owned(),
        window,
        slot_minutes: None,
        price: Cents(price),
        min_minutes: 60,
        max_minutes: None,
    }
}

pub(crate) fn peak(name: &str, window: Window, multiplier: i32) -> Peak {
    Peak { name: name.to_owned(), window, multiplier: BasisPoints(multiplier) }
}

pub(crate) fn bare(zone: Tz) -> Schedule {
    Schedule {
        zone,
        rates: Vec::new(),
        peaks: Vec::new(),
        crew_tiers: Vec::new(),
        capacity_people: 20,
        buffer_before_min: 0,
        buffer_after_min: 0,
        cleaning_min: 0,
        cleaning_fee: Cents::ZERO,
        blackouts: Vec::new(),
    }
}

/// Houston: weekday and weekend hours, a weekday day rate, crew tiers, cleaning, closed on the Fourth of July.
pub(crate) fn loft() -> Schedule {
    let utc = |at: &str| at.parse().unwrap();
    let workdays = window(&WORKDAYS, "08:00", "20:00");
    Schedule {
        rates: vec![
            Rate { max_minutes: Some(480), ..rate(1, RateKind::Hourly, "Weekday", workdays, 10_000) },
            Rate {
                min_minutes: 120,
                ..rate(2, RateKind::Hourly, "Weekend", window(&WEEKEND, "09:00", "18:00"), 13_000)
            },
            Rate { min_minutes: 360, ..rate(3, RateKind::Day, "Weekday day", workdays, 65_000) },
        ],
        crew_tiers: [(5, 10_000), (10, 11_500), (20, 13_000)]
            .map(|(max_people, multiplier)| CrewTier { max_people, multiplier: BasisPoints(multiplier) })
            .to_vec(),
        buffer_before_min: 30,
        buffer_after_min: 45,
        cleaning_min: 60,
        cleaning_fee: Cents(5_000),
        blackouts: vec![TimeRange::new(utc("2026-07-04T05:00:00Z"), utc("2026-07-05T05:00:00Z")).unwrap()],
        ..bare(America::Chicago)
    }
}

/// Los Angeles: four-hour slots beside hours, weekend peak (§1.24, addendum B) and cheap mornings.
pub(crate) fn cyc() -> Schedule {
    Schedule {
        rates: vec![
            Rate {
                slot_minutes: Some(240),
                ..rate(11, RateKind::Slot, "Half day", window(&EVERY_DAY, "09:00", "21:00"), 60_000)
            },
            rate(12, RateKind::Hourly, "Hour", window(&EVERY_DAY, "09:00", "22:00"), 18_000),
        ],
        peaks: vec![
            peak("Friday night", window(&[5], "18:00", "24:00"), 12_000),
            peak("Mornings", window(&[1, 2, 3, 4], "09:00", "12:00"), 8_500),
            peak("Weekend", window(&WEEKEND, "00:00", "24:00"), 12_000),
        ],
        ..bare(America::Los_Angeles)
    }
}

/// Houston at night: a window over midnight, one before dawn, and one in the hour that clocks skip in March.
pub(crate) fn owl() -> Schedule {
    Schedule {
        rates: vec![
            rate(21, RateKind::Hourly, "Evening", window(&EVERY_DAY, "18:00", "02:00"), 8_000),
            rate(22, RateKind::Hourly, "Dawn", window(&EVERY_DAY, "02:00", "08:00"), 6_000),
            Rate {
                slot_minutes: Some(240),
                ..rate(23, RateKind::Slot, "Vigil", window(&[0], "00:00", "04:00"), 20_000)
            },
            rate(24, RateKind::Day, "Skipped", window(&[0], "02:00", "03:00"), 100),
        ],
        ..bare(America::Chicago)
    }
}

/// Los Angeles: rates that overlap with equal prices, so that only the tie-break decides.
pub(crate) fn ties() -> Schedule {
    Schedule {
        rates: vec![
            rate(34, RateKind::Hourly, "Wide", window(&EVERY_DAY, "08:00", "20:00"), 10_000),
            rate(33, RateKind::Hourly, "Narrow, later id", window(&EVERY_DAY, "09:00", "19:00"), 10_000),
            rate(32, RateKind::Hourly, "Narrow", window(&EVERY_DAY, "09:00", "19:00"), 10_000),
            rate(31, RateKind::Day, "Day", window(&[6], "08:00", "20:00"), 30_000),
            Rate {
                slot_minutes: Some(180),
                ..rate(35, RateKind::Slot, "Slot", window(&[0], "10:00", "13:00"), 30_000)
            },
        ],
        ..bare(America::Los_Angeles)
    }
}
