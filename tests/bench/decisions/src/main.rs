//! Times the pure decisions of the path, without database or network, and writes nanoseconds per call as JSON.

use std::{
    error::Error,
    hint::black_box,
    io::{self, Write},
    time::{Duration, Instant},
};

use chrono_tz::America;
use rastup_types::{BasisPoints, Cents, StudioRateId, TimeRange, id::TypedId};
use serde_json::json;
use studios::quote::{CrewTier, Days, Peak, Rate, RateKind, Schedule, Window, price};
use uuid::Uuid;

/// Samples of which the median is told.
const SAMPLES: usize = 41;
/// Least length of a sample; long against the clock's own cost.
const SAMPLE: Duration = Duration::from_millis(20);

/// Median nanoseconds of one call.
fn nanoseconds<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut time = |calls: u32| {
        let began = Instant::now();
        for _ in 0..calls {
            black_box(work());
        }
        began.elapsed()
    };
    let mut calls = 1;
    while time(calls) < SAMPLE {
        calls *= 2;
    }
    let mut samples: Vec<f64> =
        (0..SAMPLES).map(|_| time(calls).as_secs_f64() * 1e9 / f64::from(calls)).collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}

fn window(days: &[i32], start_hour: i32, end_hour: i32) -> Option<Window> {
    let days = Days::from_numbers(days)?;
    Some(Window { days, start_minute: start_hour * 60, end_minute: end_hour * 60 })
}

fn rate(number: u128, kind: RateKind, window: Window, price: i64) -> Rate {
    Rate {
        rate_id: StudioRateId::from_uuid(Uuid::from_u128(number)),
        kind,
        name: format!("Rate {number}"),
        window,
        slot_minutes: None,
        price: Cents(price),
        min_minutes: 60,
        max_minutes: None,
    }
}

/// Three hourly rates and a day rate, two peaks, two crew tiers, cleaning and a blackout.
fn schedule() -> Option<Schedule> {
    let workdays = window(&[1, 2, 3, 4, 5], 8, 20)?;
    let blackout =
        TimeRange::new("2026-07-04T00:00:00Z".parse().ok()?, "2026-07-05T00:00:00Z".parse().ok()?).ok()?;
    let peak = |name: &str, window, multiplier| Peak {
        name: name.to_owned(),
        window,
        multiplier: BasisPoints(multiplier),
    };
    Some(Schedule {
        zone: America::Chicago,
        rates: vec![
            rate(1, RateKind::Hourly, workdays, 10_000),
            rate(2, RateKind::Hourly, window(&[0, 6], 9, 18)?, 13_000),
            rate(3, RateKind::Hourly, window(&[4, 5], 20, 2)?, 12_000),
            rate(4, RateKind::Day, workdays, 65_000),
        ],
        peaks: vec![
            peak("Evening", window(&[1, 2, 3, 4, 5], 17, 20)?, 12_000),
            peak("Morning", window(&[1, 2, 3], 8, 10)?, 8_500),
        ],
        crew_tiers: vec![
            CrewTier { max_people: 5, multiplier: BasisPoints(10_000) },
            CrewTier { max_people: 20, multiplier: BasisPoints(13_000) },
        ],
        capacity_people: 20,
        buffer_before_min: 30,
        buffer_after_min: 45,
        cleaning_min: 60,
        cleaning_fee: Cents(5_000),
        blackouts: vec![blackout],
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let schedule = schedule().ok_or("the schedule is malformed")?;
    let two_hours = TimeRange::new("2026-06-02T15:00:00Z".parse()?, "2026-06-02T17:00:00Z".parse()?)?;
    let over_the_peak = TimeRange::new("2026-06-02T15:00:00Z".parse()?, "2026-06-02T23:00:00Z".parse()?)?;
    let closed = TimeRange::new("2026-06-07T04:00:00Z".parse()?, "2026-06-07T06:00:00Z".parse()?)?;
    price(&schedule, two_hours, Some(8))?;
    price(&schedule, over_the_peak, Some(8))?;
    if price(&schedule, closed, None).is_ok() {
        return Err("a closed studio has a price".into());
    }
    let quote = |when: TimeRange, crew| {
        let schedule = &schedule;
        move || price(black_box(schedule), black_box(when), black_box(crew)).is_ok()
    };
    let weights = [60_000, 45_000, 5_000, 1];
    let results = [
        ("quote engine: two hours, crew of 8", nanoseconds(quote(two_hours, Some(8)))),
        ("quote engine: eight hours into a peak, crew of 8", nanoseconds(quote(over_the_peak, Some(8)))),
        ("quote engine: refused, nearest miss told", nanoseconds(quote(closed, None))),
        (
            "fee or tax: amount at a rate",
            nanoseconds(|| black_box(Cents(45_000)).at_rate(black_box(BasisPoints(825)))),
        ),
        (
            "split of an amount in four, largest remainder",
            nanoseconds(|| black_box(Cents(118_713)).split(black_box(&weights))),
        ),
    ];
    let rows: Vec<_> = results.iter().map(|(name, ns)| json!({ "name": name, "nanoseconds": ns })).collect();
    writeln!(io::stdout(), "{}", serde_json::Value::from(rows))?;
    Ok(())
}
