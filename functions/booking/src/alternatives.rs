//! Other times at which a seller or studio is free, near the one that was wanted. The search is a pure function.

use chrono::{DateTime, Duration, Utc};
use rastup_store::{Caller, Store, Unit};
use rastup_types::{TimeRange, pricing::LegType};

use crate::{calendar, error::BookingError, order::Leg, window};

/// Times that are suggested at most.
pub const COUNT: usize = 3;
/// Days before and after the wanted time that are looked at.
const REACH_DAYS: i64 = 7;
/// Steps within half a day of the wanted time, minutes.
const STEP_MINUTES: i64 = 30;

/// How the session lies in the time that has to be free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// Before the session.
    pub before: Duration,
    /// After it.
    pub after: Duration,
}

/// Free times as long as `wanted`, nearest first and apart from one another: half-hour steps within twelve hours, and
/// the same hour up to a week before and after. `fits` says whether the seller works then.
pub fn nearest_free(
    busy: &[TimeRange],
    wanted: TimeRange,
    margin: Margin,
    now: DateTime<Utc>,
    fits: impl Fn(TimeRange) -> bool,
) -> Vec<TimeRange> {
    let mut offsets: Vec<Duration> = (1..=12 * 60 / STEP_MINUTES)
        .map(|step| Duration::minutes(step * STEP_MINUTES))
        .chain((1..=REACH_DAYS).map(Duration::days))
        .flat_map(|offset| [offset, -offset])
        .collect();
    offsets.sort_by_key(|offset| offset.abs());
    let mut found: Vec<TimeRange> = Vec::with_capacity(COUNT);
    for offset in offsets {
        if found.len() == COUNT {
            break;
        }
        let Ok(range) = TimeRange::new(wanted.start() + offset, wanted.end() + offset) else { continue };
        let taken = range.widened(margin.before, margin.after);
        let is_free = window::bookable(range, now).is_ok()
            && !busy.iter().any(|other| other.overlaps(&taken))
            && !found.iter().any(|other| other.overlaps(&range))
            && fits(range);
        if is_free {
            found.push(range);
        }
    }
    found
}

/// Times near `wanted` at which the seller of a leg is free.
pub async fn near(unit: &mut Unit, leg: &Leg, wanted: TimeRange) -> Result<Vec<TimeRange>, BookingError> {
    let reach = Duration::days(REACH_DAYS + 1);
    let busy = calendar::busy(unit, &leg.resource(), wanted.widened(reach, reach)).await?;
    let margin = Margin { before: leg.start_at - leg.blocked_from, after: leg.blocked_until - leg.end_at };
    let now = unit.now();
    match (leg.leg_type, leg.studio_id) {
        (LegType::Studio, Some(studio_id)) => {
            let Ok(studio) = studios::published(unit, studio_id).await else { return Ok(Vec::new()) };
            let crew = leg.terms.crew_size;
            let is_open = |range| studios::quote::price(&studio.schedule, range, crew).is_ok();
            Ok(nearest_free(&busy, wanted, margin, now, is_open))
        }
        (LegType::Talent | LegType::Studio, _) => Ok(nearest_free(&busy, wanted, margin, now, |_| true)),
    }
}

/// Refuses a leg whose time is taken by another order. Errors: `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL`, with other
/// times in `details.alternatives`.
pub(crate) async fn refuse_taken(unit: &mut Unit, leg: &Leg) -> Result<(), BookingError> {
    if !calendar::is_taken_by_others(unit, leg).await? {
        return Ok(());
    }
    Err(taken(unit, leg).await?)
}

async fn taken(unit: &mut Unit, leg: &Leg) -> Result<BookingError, BookingError> {
    let wanted = TimeRange::new(leg.start_at, leg.end_at).map_err(rastup_types::ApiError::internal)?;
    Ok(BookingError::Taken { leg_type: leg.leg_type, alternatives: near(unit, leg, wanted).await? })
}

/// The same refusal with other times, when it was one for a time that is taken.
pub(crate) async fn told(store: &Store, caller: &Caller, error: BookingError, leg: &Leg) -> BookingError {
    match error {
        BookingError::StudioConflict | BookingError::AtomicFail(_) => {}
        other => return other,
    }
    let with_times = async {
        let mut unit = store.unit(caller).await?;
        taken(&mut unit, leg).await
    };
    with_times.await.unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_315_200 + hours * 3600, 0).unwrap()
    }

    fn range(from: i64, to: i64) -> TimeRange {
        TimeRange::new(at(from), at(to)).unwrap()
    }

    const NO_MARGIN: Margin = Margin { before: Duration::zero(), after: Duration::zero() };

    #[test]
    fn the_nearest_free_times_come_first() {
        let found = nearest_free(&[range(48, 50)], range(48, 50), NO_MARGIN, at(0), |_| true);
        assert_eq!(found, [range(50, 52), range(46, 48), range(52, 54)]);
    }

    #[test]
    fn a_buffer_needs_room_and_the_past_is_not_suggested() {
        let margin = Margin { before: Duration::hours(1), after: Duration::hours(1) };
        let found = nearest_free(&[range(3, 5)], range(3, 5), margin, at(2), |_| true);
        assert_eq!(found[0], range(6, 8));
        assert!(found.iter().all(|range| range.start() > at(2)));
    }

    #[test]
    fn a_week_that_is_full_has_no_other_time() {
        assert_eq!(nearest_free(&[range(-400, 800)], range(48, 50), NO_MARGIN, at(0), |_| true), []);
        assert_eq!(nearest_free(&[], range(48, 50), NO_MARGIN, at(0), |_| false), []);
    }

    proptest! {
        #[test]
        fn what_is_suggested_is_free_ahead_as_long_and_apart(
            busy in prop::collection::vec((0i64..300, 1i64..20), 0..30), wanted in 1i64..200, length in 1i64..10,
            before in 0i64..3, after in 0i64..3,
        ) {
            let busy: Vec<_> = busy.into_iter().map(|(start, hours)| range(start, start + hours)).collect();
            let (wanted, now) = (range(wanted, wanted + length), at(0));
            let margin = Margin { before: Duration::hours(before), after: Duration::hours(after) };
            let found = nearest_free(&busy, wanted, margin, now, |_| true);
            prop_assert!(found.len() <= COUNT);
            for (index, range) in found.iter().enumerate() {
                prop_assert_eq!(range.duration(), wanted.duration());
                prop_assert!(range.start() > now);
                let taken = range.widened(margin.before, margin.after);
                prop_assert!(!busy.iter().any(|other| other.overlaps(&taken)));
                prop_assert!(!found[..index].iter().any(|other| other.overlaps(range)));
            }
        }
    }
}
