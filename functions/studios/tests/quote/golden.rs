//! Worked examples: each row can be checked by hand against §1.11.E and addendum B of §1.24.

use chrono::{DateTime, Duration, Utc};
use rastup_types::{PublicError, TimeRange};
use studios::quote::{Schedule, price};

use crate::studios::{cyc, loft, owl, ties};

/// Rule, studio, start with the local offset, minutes, crew, expected lines and sum or error.
type Row = (&'static str, fn() -> Schedule, &'static str, i64, Option<i32>, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Hourly, Houston (UTC-5 in summer). 2026-06-02 is a Tuesday.
    ("whole hours", loft, "2026-06-02T10:00-05:00", 120, None, "Weekday 2 x 100.00 + Cleaning 1 x 50.00 = 250.00"),
    ("a started hour is paid whole", loft, "2026-06-02T10:00-05:00", 121, None, "Weekday 3 x 100.00 + Cleaning 1 x 50.00 = 350.00"),
    ("half past is no reason for a discount", loft, "2026-06-02T10:30-05:00", 90, None, "Weekday 2 x 100.00 + Cleaning 1 x 50.00 = 250.00"),
    ("the least length is allowed", loft, "2026-06-02T08:00-05:00", 60, None, "Weekday 1 x 100.00 + Cleaning 1 x 50.00 = 150.00"),
    ("a minute less is refused", loft, "2026-06-02T08:00-05:00", 59, None, "STUDIO_RATE_NOT_FOUND TOO_SHORT 60"),
    ("up to the end of the window", loft, "2026-06-02T18:00-05:00", 120, None, "Weekday 2 x 100.00 + Cleaning 1 x 50.00 = 250.00"),
    ("a minute past the window is refused", loft, "2026-06-02T18:00-05:00", 121, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    ("a minute before the window is refused", loft, "2026-06-02T07:59-05:00", 120, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    ("the weekend has its own rate", loft, "2026-06-06T10:00-05:00", 120, None, "Weekend 2 x 130.00 + Cleaning 1 x 50.00 = 310.00"),
    ("and its own least length", loft, "2026-06-06T10:00-05:00", 90, None, "STUDIO_RATE_NOT_FOUND TOO_SHORT 120"),
    ("the day of the week is the studio's: Saturday in UTC is Friday evening there", loft, "2026-06-06T00:00Z", 60, None, "Weekday 1 x 100.00 + Cleaning 1 x 50.00 = 150.00"),
    // Day rate beside hours: the cheaper one applies.
    ("six hours are cheaper by the hour", loft, "2026-06-02T09:00-05:00", 360, None, "Weekday 6 x 100.00 + Cleaning 1 x 50.00 = 650.00"),
    ("seven hours are cheaper by the day", loft, "2026-06-02T09:00-05:00", 420, None, "Weekday day 1 x 650.00 + Cleaning 1 x 50.00 = 700.00"),
    ("past the hourly maximum only the day is left", loft, "2026-06-02T08:00-05:00", 720, None, "Weekday day 1 x 650.00 + Cleaning 1 x 50.00 = 700.00"),
    ("a day ends with its window", loft, "2026-06-02T08:00-05:00", 721, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    // Crew tiers.
    ("a crew in the first tier costs nothing more", loft, "2026-06-02T10:00-05:00", 120, Some(5), "Weekday 2 x 100.00 + Cleaning 1 x 50.00 = 250.00"),
    ("one more is the next tier", loft, "2026-06-02T10:00-05:00", 120, Some(6), "Weekday 2 x 100.00 + Crew of 6 1 x 30.00 + Cleaning 1 x 50.00 = 280.00"),
    ("the crew multiplies a flat price too, not the cleaning", loft, "2026-06-02T08:00-05:00", 600, Some(20), "Weekday day 1 x 650.00 + Crew of 20 1 x 195.00 + Cleaning 1 x 50.00 = 895.00"),
    ("more than the last tier is refused", loft, "2026-06-02T10:00-05:00", 120, Some(21), "INPUT_INVALID crewSize"),
    ("nobody is no crew", loft, "2026-06-02T10:00-05:00", 120, Some(0), "INPUT_INVALID crewSize"),
    // Blackouts: the Fourth of July is a Saturday; buffers are 30 minutes before, 60 + 45 after.
    ("a blackout refuses", loft, "2026-07-04T10:00-05:00", 120, None, "STUDIO_BLACKOUT"),
    ("a blackout after the buffers does not", loft, "2026-07-03T17:00-05:00", 120, None, "Weekday 2 x 100.00 + Cleaning 1 x 50.00 = 250.00"),
    ("a blackout is told before a missing rate", loft, "2026-07-04T03:00-05:00", 120, None, "STUDIO_BLACKOUT"),
    // Slots and peaks, Los Angeles (UTC-7 in summer). 2026-06-03 is a Wednesday.
    ("a slot beats four hours", cyc, "2026-06-03T13:00-07:00", 240, None, "Half day 1 x 600.00 = 600.00"),
    ("the next slot follows it", cyc, "2026-06-03T17:00-07:00", 240, None, "Half day 1 x 600.00 = 600.00"),
    ("off the slots the hour applies", cyc, "2026-06-03T14:00-07:00", 240, None, "Hour 4 x 180.00 = 720.00"),
    ("three hours are no slot", cyc, "2026-06-03T13:00-07:00", 180, None, "Hour 3 x 180.00 = 540.00"),
    ("a cheap morning takes from the first three hours", cyc, "2026-06-03T10:00-07:00", 180, None, "Hour 3 x 180.00 + Mornings 2 x -27.00 = 486.00"),
    ("a slot is multiplied by where it begins", cyc, "2026-06-03T09:00-07:00", 240, None, "Half day 1 x 600.00 + Mornings 1 x -90.00 = 510.00"),
    ("the peak begins inside the booking", cyc, "2026-06-05T16:30-07:00", 180, None, "Hour 3 x 180.00 + Friday night 1 x 36.00 = 576.00"),
    ("the weekend is peak all day", cyc, "2026-06-06T13:00-07:00", 240, None, "Half day 1 x 600.00 + Weekend 1 x 120.00 = 720.00"),
    // Windows over midnight and clock changes, Houston at night. Clocks change on 2026-03-08 and 2026-11-01.
    ("a window goes on after midnight", owl, "2026-06-02T23:00-05:00", 120, None, "Evening 2 x 80.00 = 160.00"),
    ("after midnight it is still yesterday's window", owl, "2026-06-03T00:30-05:00", 90, None, "Evening 2 x 80.00 = 160.00"),
    ("crossing into the next window is refused", owl, "2026-06-03T01:00-05:00", 120, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    ("two windows that meet can each be booked", owl, "2026-06-03T02:00-05:00", 120, None, "Dawn 2 x 60.00 = 120.00"),
    ("the dawn of March lacks an hour", owl, "2026-03-08T03:00-05:00", 300, None, "Dawn 5 x 60.00 = 300.00"),
    ("so six hours do not fit into it", owl, "2026-03-08T03:00-05:00", 360, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    ("a window in the skipped hour never opens", owl, "2026-03-08T03:00-05:00", 60, None, "Dawn 1 x 60.00 = 60.00"),
    ("on other Sundays it does", owl, "2026-03-15T02:00-05:00", 60, None, "Skipped 1 x 1.00 = 1.00"),
    ("a slot of four hours does not fit into three", owl, "2026-03-08T00:00-06:00", 240, None, "STUDIO_RATE_NOT_FOUND OUTSIDE_WINDOWS"),
    ("the evening of November has one hour more", owl, "2026-10-31T18:00-05:00", 540, None, "Evening 9 x 80.00 = 720.00"),
    ("and that hour is paid", owl, "2026-11-01T01:00-05:00", 120, None, "Evening 2 x 80.00 = 160.00"),
    ("a slot is counted in passing time", owl, "2026-11-01T00:00-05:00", 240, None, "Vigil 1 x 200.00 = 200.00"),
    ("and begins with its window", owl, "2026-11-01T01:00-05:00", 240, None, "STUDIO_RATE_NOT_FOUND NOT_A_SLOT 240"),
    // Ties: 2026-06-05 is a Friday.
    ("of equal hours the narrower window, then the lower id", ties, "2026-06-05T10:00-07:00", 180, None, "Narrow 3 x 100.00 = 300.00"),
    ("outside the narrow one the wide one", ties, "2026-06-05T08:00-07:00", 180, None, "Wide 3 x 100.00 = 300.00"),
    ("of equal prices the day before the hour", ties, "2026-06-06T10:00-07:00", 180, None, "Day 1 x 300.00 = 300.00"),
    ("and the slot before both", ties, "2026-06-07T10:00-07:00", 180, None, "Slot 1 x 300.00 = 300.00"),
    // Requests that no studio can answer.
    ("seconds are refused", loft, "2026-06-02T10:00:30-05:00", 120, None, "INPUT_INVALID when"),
    ("more than a month is refused", loft, "2026-06-02T10:00-05:00", 31 * 24 * 60 + 1, None, "INPUT_INVALID when"),
];

/// A time, whose seconds may be left out.
fn instant(text: &str) -> DateTime<Utc> {
    let text = match text.strip_suffix('Z') {
        Some(local) => format!("{local}:00Z"),
        None if text.len() == 22 => format!("{}:00{}", &text[..16], &text[16..]),
        None => text.to_owned(),
    };
    text.parse().unwrap_or_else(|_| panic!("{text} is a time"))
}

fn told(schedule: &Schedule, start: &str, minutes: i64, crew: Option<i32>) -> String {
    let start = instant(start);
    let when = TimeRange::new(start, start + Duration::minutes(minutes)).unwrap();
    match price(schedule, when, crew) {
        Ok(quote) => {
            let lines: Vec<String> = quote
                .lines
                .iter()
                .map(|line| format!("{} {} x {}", line.name, line.quantity, line.unit_price_cents))
                .collect();
            format!("{} = {}", lines.join(" + "), quote.subtotal)
        }
        Err(error) => {
            let error = error.public();
            let details = error.details.unwrap_or_default();
            let facts = ["reason", "minMinutes", "maxMinutes", "slotMinutes", "field"];
            let facts = facts.iter().filter_map(|fact| match &details[*fact] {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            });
            std::iter::once(error.code.to_owned()).chain(facts).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn every_worked_example_comes_out_to_the_cent() {
    let wrong: Vec<String> = ROWS
        .iter()
        .filter_map(|(rule, studio, start, minutes, crew, expected)| {
            let told = told(&studio(), start, *minutes, *crew);
            (told != *expected)
                .then(|| format!("{rule}: {start} + {minutes} min\n  expected {expected}\n  got      {told}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[test]
fn buffers_and_cleaning_widen_what_is_blocked() {
    let start = instant("2026-06-02T10:00-05:00");
    let when = TimeRange::new(start, start + Duration::minutes(120)).unwrap();
    let quote = price(&loft(), when, None).unwrap();
    assert_eq!(quote.blocked.start(), instant("2026-06-02T09:30-05:00"));
    assert_eq!(quote.blocked.end(), instant("2026-06-02T13:45-05:00"));
}

#[test]
fn a_blackout_that_only_touches_buffers_is_a_buffer_conflict() {
    // Closed from midnight: a booking until 22:00 with 60 minutes of cleaning and 45 of buffer reaches 23:45.
    let mut studio = owl();
    studio.buffer_after_min = 45;
    studio.cleaning_min = 60;
    let midnight = instant("2026-06-03T00:00-05:00");
    studio.blackouts = vec![TimeRange::new(midnight, midnight + Duration::hours(24)).unwrap()];
    let evening = "2026-06-02T20:00-05:00";
    assert_eq!(told(&studio, evening, 120, None), "Evening 2 x 80.00 = 160.00");
    assert_eq!(told(&studio, evening, 135, None), "Evening 3 x 80.00 = 240.00");
    assert_eq!(told(&studio, evening, 136, None), "STUDIO_CONFLICT_BUFFER");
    assert_eq!(told(&studio, evening, 241, None), "STUDIO_BLACKOUT");
}

#[test]
fn the_greatest_of_overlapping_peaks_applies() {
    let mut studio = cyc();
    studio.peaks.push(crate::studios::peak(
        "Festival",
        crate::studios::window(&[6], "12:00", "18:00"),
        15_000,
    ));
    let saturday = "2026-06-06T11:00-07:00";
    assert_eq!(
        told(&studio, saturday, 120, None),
        "Hour 2 x 180.00 + Weekend 1 x 36.00 + Festival 1 x 90.00 = 486.00"
    );
}

#[test]
fn an_odd_multiplier_rounds_half_up_on_its_line() {
    let mut studio = cyc();
    studio.rates[1].price = rastup_types::Cents(3_333);
    // 15 % off 33.33 is 5.00 (4.9995 rounded), twice.
    assert_eq!(
        told(&studio, "2026-06-03T10:00-07:00", 120, None),
        "Hour 2 x 33.33 + Mornings 2 x -5.00 = 56.66"
    );
}

#[test]
fn the_from_price_is_the_cheapest_hour_of_any_rate() {
    assert_eq!(loft().price_from(), Some(rastup_types::Cents(5_417)));
    assert_eq!(cyc().price_from(), Some(rastup_types::Cents(15_000)));
    assert_eq!(crate::studios::bare(chrono_tz::UTC).price_from(), None);
}
