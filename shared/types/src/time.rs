//! Half-open ranges of UTC time.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// A half-open range `[start, end)`; `end` is later than `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawRange", into = "RawRange")]
pub struct TimeRange {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct RawRange {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// The end of a range is not later than its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time range must end after it starts")]
pub struct EmptyRange;

impl TimeRange {
    /// The range from `start` to `end`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<TimeRange, EmptyRange> {
        if end > start { Ok(TimeRange { start, end }) } else { Err(EmptyRange) }
    }
    /// First instant of the range.
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }
    /// First instant after the range.
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }
    /// Length of the range.
    pub fn duration(&self) -> Duration {
        self.end - self.start
    }
    /// The range widened by `before` and `after`, both not negative.
    pub fn widened(&self, before: Duration, after: Duration) -> TimeRange {
        TimeRange {
            start: self.start - before.max(Duration::zero()),
            end: self.end + after.max(Duration::zero()),
        }
    }
    /// True when the two ranges share an instant.
    pub fn overlaps(&self, other: &TimeRange) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl TryFrom<RawRange> for TimeRange {
    type Error = EmptyRange;
    fn try_from(raw: RawRange) -> Result<TimeRange, EmptyRange> {
        TimeRange::new(raw.start, raw.end)
    }
}
impl From<TimeRange> for RawRange {
    fn from(range: TimeRange) -> RawRange {
        RawRange { start: range.start, end: range.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    #[test]
    fn an_empty_or_reversed_range_cannot_be_made() {
        assert_eq!(TimeRange::new(at(1), at(1)), Err(EmptyRange));
        assert_eq!(TimeRange::new(at(2), at(1)), Err(EmptyRange));
        assert!(
            serde_json::from_str::<TimeRange>(
                r#"{"start":"2026-01-01T10:00:00Z","end":"2026-01-01T09:00:00Z"}"#
            )
            .is_err()
        );
    }

    #[test]
    fn ranges_that_only_touch_do_not_overlap() {
        let first = TimeRange::new(at(0), at(60)).unwrap();
        let second = TimeRange::new(at(60), at(120)).unwrap();
        assert!(!first.overlaps(&second));
        assert!(first.overlaps(&second.widened(Duration::minutes(1), Duration::zero())));
    }
}
