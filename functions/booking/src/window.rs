//! When a booking may take place: pure rules over a time range. Prices and calendars are decided elsewhere.

use std::cmp::Ordering;

use chrono::{DateTime, Duration, Utc};
use rastup_types::TimeRange;

use crate::error::BookingError;

/// Longest booking, hours.
const LENGTH_HOURS_MAX: i64 = 24;
/// How far ahead a booking may be, days.
const AHEAD_DAYS_MAX: i64 = 365;

/// A range that may be booked at `now`: it lies in the future, at most a year ahead, and is at most a day long.
pub(crate) fn bookable(range: TimeRange, now: DateTime<Utc>) -> Result<(), BookingError> {
    let problem = if range.start() <= now {
        "must start in the future"
    } else if range.duration() > Duration::hours(LENGTH_HOURS_MAX) {
        "must be at most 24 hours long"
    } else if range.start() > now + Duration::days(AHEAD_DAYS_MAX) {
        "must start within a year"
    } else {
        return Ok(());
    };
    Err(BookingError::Invalid { field: "when", problem })
}

/// The range is as long as the package takes: a shorter one cannot hold the work, a longer one would block and contract
/// time that nobody pays for.
pub(crate) fn fits_package(range: TimeRange, duration_minutes: i32) -> Result<(), BookingError> {
    let problem = match range.duration().cmp(&Duration::minutes(i64::from(duration_minutes))) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => "is shorter than the package takes",
        Ordering::Greater => "is longer than the package takes",
    };
    Err(BookingError::Invalid { field: "when", problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_booking_is_ahead_within_a_year_and_at_most_a_day_long() {
        let now = at("2026-06-01T12:00:00Z");
        for (start, end, allowed) in [
            ("2026-06-01T12:00:01Z", "2026-06-01T14:00:00Z", true),
            ("2026-06-01T12:00:00Z", "2026-06-01T14:00:00Z", false),
            ("2026-05-31T12:00:00Z", "2026-06-02T14:00:00Z", false),
            ("2026-06-02T00:00:00Z", "2026-06-03T00:00:00Z", true),
            ("2026-06-02T00:00:00Z", "2026-06-03T00:00:01Z", false),
            ("2027-06-01T12:00:00Z", "2027-06-01T14:00:00Z", true),
            ("2027-06-01T12:00:01Z", "2027-06-01T14:00:00Z", false),
        ] {
            let range = TimeRange::new(at(start), at(end)).unwrap();
            assert_eq!(bookable(range, now).is_ok(), allowed, "{start} {end}");
        }
    }

    #[test]
    fn a_package_must_fit_the_range() {
        let range = TimeRange::new(at("2026-06-02T10:00:00Z"), at("2026-06-02T12:00:00Z")).unwrap();
        assert!(fits_package(range, 120).is_ok());
        assert!(fits_package(range, 121).is_err());
        assert!(fits_package(range, 119).is_err());
    }
}
