//! Weekly windows of local time, and the instants they cover on a day, clock changes included.

use chrono::{
    DateTime, Datelike, Days as CalendarDays, Duration, NaiveDate, NaiveDateTime, TimeZone, Utc, Weekday,
};
use chrono_tz::Tz;
use rastup_types::TimeRange;

/// Minutes of a day on the wall clock.
const DAY_MINUTES: i32 = 24 * 60;

/// A set of days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// The days with these numbers, 0 = Sunday; `None` when a number is no day.
    pub fn from_numbers(numbers: &[i32]) -> Option<Days> {
        numbers.iter().try_fold(Days(0), |days, number| match number {
            0..=6 => Some(Days(days.0 | 1 << number)),
            _ => None,
        })
    }
    /// Numbers of the days in order, 0 = Sunday.
    pub fn numbers(self) -> Vec<i32> {
        (0..7).filter(|number| self.0 & (1 << number) != 0).collect()
    }
    fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_sunday()) != 0
    }
}

/// A window of local time that opens on some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Days on which it opens.
    pub days: Days,
    /// When it opens, minutes after local midnight, 0 to 1 439.
    pub start_minute: i32,
    /// When it closes, minutes after local midnight, 1 to 1 440; not later than the start means the next day.
    pub end_minute: i32,
}

impl Window {
    /// Length on the wall clock, minutes.
    pub(crate) fn wall_minutes(&self) -> i32 {
        let length = self.end_minute - self.start_minute;
        if length > 0 { length } else { length + DAY_MINUTES }
    }

    /// The opening that covers `range` whole: the one that began last, if there are two.
    pub(crate) fn covering(&self, range: &TimeRange, zone: Tz) -> Option<TimeRange> {
        self.openings_around(range.start(), zone)
            .find(|opening| opening.start() <= range.start() && range.end() <= opening.end())
    }

    /// True when the window is open at `instant`.
    pub(crate) fn is_open_at(&self, instant: DateTime<Utc>, zone: Tz) -> bool {
        self.openings_around(instant, zone)
            .any(|opening| opening.start() <= instant && instant < opening.end())
    }

    /// The openings of the local day of `instant` and of the day before it, latest first.
    fn openings_around(&self, instant: DateTime<Utc>, zone: Tz) -> impl Iterator<Item = TimeRange> {
        let today = instant.with_timezone(&zone).date_naive();
        let yesterday = today.checked_sub_days(CalendarDays::new(1));
        let window = *self;
        [Some(today), yesterday].into_iter().flatten().filter_map(move |date| window.opening(date, zone))
    }

    fn opening(&self, date: NaiveDate, zone: Tz) -> Option<TimeRange> {
        if !self.days.contains(date.weekday()) {
            return None;
        }
        let opens = wall(date, self.start_minute);
        let closes = wall(date, self.start_minute + self.wall_minutes());
        // An hour that the clocks repeat belongs to the window with both its passes.
        let start = instant_of(opens, zone, Pass::First)?;
        let end = instant_of(closes, zone, Pass::Last)?;
        // A window inside the hour that the clocks skip never opens.
        TimeRange::new(start, end).ok()
    }
}

fn wall(date: NaiveDate, minute: i32) -> NaiveDateTime {
    date.and_time(chrono::NaiveTime::MIN) + Duration::minutes(i64::from(minute))
}

#[derive(Clone, Copy)]
enum Pass {
    First,
    Last,
}

/// The instant at which local clocks show `local`; in the hour that they skip, the instant of the change.
fn instant_of(local: NaiveDateTime, zone: Tz, pass: Pass) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        chrono::LocalResult::Single(instant) => Some(instant.to_utc()),
        chrono::LocalResult::Ambiguous(first, last) => Some(match pass {
            Pass::First => first.to_utc(),
            Pass::Last => last.to_utc(),
        }),
        chrono::LocalResult::None => {
            // Clocks never skip more than a day; the first minute that exists after the gap is where it ends.
            (1..=DAY_MINUTES)
                .find_map(|minutes| {
                    zone.from_local_datetime(&(local + Duration::minutes(i64::from(minutes)))).earliest()
                })
                .map(|instant| instant.to_utc())
        }
    }
}
