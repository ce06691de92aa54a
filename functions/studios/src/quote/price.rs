//! The price of a time: which rate applies, and the lines that follow from it.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Timelike, Utc};
use rastup_types::{
    BasisPoints, Cents, StudioRateId, TimeRange,
    pricing::{LineKind, PricedLine},
};

use super::schedule::{CrewTier, Peak, Rate, RateKind, Schedule};
use crate::{Refusal, StudioError};

/// Longest time that is priced, days.
const RANGE_DAYS_MAX: i64 = 31;
/// The multiplier that changes nothing.
const UNCHANGED: BasisPoints = BasisPoints(10_000);

/// Price of a studio for a time, before fee and taxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The rate that applies.
    pub rate_id: StudioRateId,
    /// Rental first, then peak, crew and cleaning; off-peak lines are negative.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines, cents; never negative.
    pub subtotal: Cents,
    /// What must be free: the booking, its cleaning and its buffers.
    pub blocked: TimeRange,
}

/// Prices `when` for a crew of `crew_size`. The same input always gives the same answer. Errors: `INPUT_INVALID`,
/// `STUDIO_BLACKOUT`, `STUDIO_CONFLICT_BUFFER`, `STUDIO_RATE_NOT_FOUND` with the nearest miss.
pub fn price(schedule: &Schedule, when: TimeRange, crew_size: Option<i32>) -> Result<Quote, StudioError> {
    let minutes = whole_minutes(&when)?;
    let crew = crew_multiplier(schedule, crew_size)?;
    let blocked = blocked(schedule, &when);
    refuse_blackouts(schedule, &when, &blocked)?;
    let (rate, units) = best_rate(schedule, &when, minutes)?;

    let too_much = || StudioError::invalid("when", "costs more than can be charged");
    let rental = PricedLine::new(LineKind::Rental, &rate.name, units, rate.price).ok_or_else(too_much)?;
    let mut lines = vec![rental];
    for (peak, peak_units) in peak_units(schedule, rate, &when, units) {
        let unit = surcharge(rate.price, peak.multiplier);
        lines.push(PricedLine::new(LineKind::Peak, &peak.name, peak_units, unit).ok_or_else(too_much)?);
    }
    let crew_surcharge = surcharge(PricedLine::total(&lines), crew);
    if crew_surcharge != Cents::ZERO {
        let name = format!("Crew of {}", crew_size.unwrap_or_default());
        lines.push(PricedLine::new(LineKind::Crew, name, 1, crew_surcharge).ok_or_else(too_much)?);
    }
    if schedule.cleaning_fee != Cents::ZERO {
        let fee = schedule.cleaning_fee;
        lines.push(PricedLine::new(LineKind::Cleaning, "Cleaning", 1, fee).ok_or_else(too_much)?);
    }
    let subtotal = PricedLine::total(&lines);
    // A GraphQL Int holds 32 bits; no honest booking comes near.
    if subtotal.0 > i64::from(i32::MAX) {
        return Err(too_much());
    }
    Ok(Quote { rate_id: rate.rate_id, lines, subtotal, blocked })
}

fn whole_minutes(when: &TimeRange) -> Result<i32, StudioError> {
    let is_whole = |at: DateTime<Utc>| at.second() == 0 && at.nanosecond() == 0;
    if !is_whole(when.start()) || !is_whole(when.end()) {
        return Err(StudioError::invalid("when", "must start and end on whole minutes"));
    }
    if when.duration() > Duration::days(RANGE_DAYS_MAX) {
        return Err(StudioError::invalid("when", format!("must not be longer than {RANGE_DAYS_MAX} days")));
    }
    i32::try_from(when.duration().num_minutes())
        .map_err(|_| StudioError::invalid("when", "must not be longer than a month"))
}

fn crew_multiplier(schedule: &Schedule, crew_size: Option<i32>) -> Result<BasisPoints, StudioError> {
    let Some(crew_size) = crew_size else { return Ok(UNCHANGED) };
    let largest_tier = schedule.crew_tiers.iter().map(|tier| tier.max_people).max();
    let most = largest_tier.unwrap_or(schedule.capacity_people).min(schedule.capacity_people);
    if !(1..=most).contains(&crew_size) {
        return Err(StudioError::invalid("crewSize", format!("must be 1 to {most} for this studio")));
    }
    let fitting = schedule.crew_tiers.iter().filter(|tier| tier.max_people >= crew_size);
    let tier: Option<&CrewTier> = fitting.min_by_key(|tier| tier.max_people);
    Ok(tier.map_or(UNCHANGED, |tier| tier.multiplier))
}

fn blocked(schedule: &Schedule, when: &TimeRange) -> TimeRange {
    let after = i64::from(schedule.cleaning_min) + i64::from(schedule.buffer_after_min);
    when.widened(Duration::minutes(i64::from(schedule.buffer_before_min)), Duration::minutes(after))
}

fn refuse_blackouts(schedule: &Schedule, when: &TimeRange, blocked: &TimeRange) -> Result<(), StudioError> {
    if schedule.blackouts.iter().any(|blackout| blackout.overlaps(when)) {
        return Err(StudioError::Blackout);
    }
    if schedule.blackouts.iter().any(|blackout| blackout.overlaps(blocked)) {
        return Err(StudioError::ConflictBuffer);
    }
    Ok(())
}

/// The rate that applies, with the number of its units.
fn best_rate<'a>(
    schedule: &'a Schedule,
    when: &TimeRange,
    minutes: i32,
) -> Result<(&'a Rate, i32), StudioError> {
    let mut refusal = Refusal::OutsideWindows;
    let mut fitting: Vec<(&Rate, i32)> = Vec::new();
    for rate in &schedule.rates {
        match units(rate, schedule, when, minutes) {
            Ok(units) => fitting.push((rate, units)),
            Err(miss) if nearness(miss) > nearness(refusal) => refusal = miss,
            Err(_) => {}
        }
    }
    fitting
        .into_iter()
        .min_by_key(|(rate, units)| {
            (
                rate.price.0.saturating_mul(i64::from(*units)),
                rate.kind,
                rate.window.wall_minutes(),
                rate.rate_id,
            )
        })
        .ok_or(StudioError::RateNotFound(refusal))
}

/// Of several misses the one that a small change of the request would mend is told.
fn nearness(refusal: Refusal) -> (u8, i32) {
    match refusal {
        Refusal::OutsideWindows => (0, 0),
        Refusal::NotASlot { slot_minutes } => (1, -slot_minutes),
        Refusal::TooLong { max_minutes } => (2, max_minutes),
        Refusal::TooShort { min_minutes } => (3, -min_minutes),
    }
}

fn units(rate: &Rate, schedule: &Schedule, when: &TimeRange, minutes: i32) -> Result<i32, Refusal> {
    let opening = rate.window.covering(when, schedule.zone).ok_or(Refusal::OutsideWindows)?;
    if let Some(slot_minutes) = rate.slot_minutes {
        let into_window = (when.start() - opening.start()).num_minutes();
        let is_slot = minutes == slot_minutes && into_window % i64::from(slot_minutes.max(1)) == 0;
        return if is_slot { Ok(1) } else { Err(Refusal::NotASlot { slot_minutes }) };
    }
    if minutes < rate.min_minutes {
        return Err(Refusal::TooShort { min_minutes: rate.min_minutes });
    }
    if let Some(max_minutes) = rate.max_minutes.filter(|max| minutes > *max) {
        return Err(Refusal::TooLong { max_minutes });
    }
    Ok(match rate.kind {
        RateKind::Hourly => minutes / 60 + i32::from(minutes % 60 != 0),
        RateKind::Slot | RateKind::Day => 1,
    })
}

/// The peaks that apply, in the schedule's order, each with the number of units it multiplies.
fn peak_units<'a>(schedule: &'a Schedule, rate: &Rate, when: &TimeRange, units: i32) -> Vec<(&'a Peak, i32)> {
    let mut counted: BTreeMap<usize, i32> = BTreeMap::new();
    for unit in 0..units {
        let begins = match rate.kind {
            RateKind::Hourly => when.start() + Duration::hours(i64::from(unit)),
            RateKind::Slot | RateKind::Day => when.start(),
        };
        let open = schedule
            .peaks
            .iter()
            .enumerate()
            .filter(|(_, peak)| peak.window.is_open_at(begins, schedule.zone));
        // Of equal multipliers the first counts.
        if let Some((index, _)) =
            open.max_by_key(|(index, peak)| (peak.multiplier, std::cmp::Reverse(*index)))
        {
            *counted.entry(index).or_default() += 1;
        }
    }
    counted.into_iter().filter_map(|(index, units)| Some((schedule.peaks.get(index)?, units))).collect()
}

/// What a multiplier adds to an amount, or takes from it, rounded half up.
fn surcharge(amount: Cents, multiplier: BasisPoints) -> Cents {
    amount.at_rate(BasisPoints(multiplier.0 - UNCHANGED.0))
}
