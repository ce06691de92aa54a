//! The cities that are served, with the time zone in which their contracts state times.

use chrono_tz::Tz;

use crate::error::BookingError;

const SERVED: &[(&str, Tz)] = &[("houston", Tz::America__Chicago), ("los_angeles", Tz::America__Los_Angeles)];

/// Time zone of a normalised city code. Error: `INPUT_INVALID` for a city that is not served.
pub(crate) fn time_zone(city: &str) -> Result<Tz, BookingError> {
    SERVED
        .iter()
        .find(|(code, _)| *code == city)
        .map(|(_, zone)| *zone)
        .ok_or(BookingError::Invalid { field: "city", problem: "is not a city that is served" })
}
