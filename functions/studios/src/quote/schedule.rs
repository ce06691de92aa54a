//! What a studio charges and when: the input of the quote engine.

use chrono_tz::Tz;
use rastup_types::{BasisPoints, Cents, StudioRateId, TimeRange};
use serde::{Deserialize, Serialize};

use super::window::Window;

/// How a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum RateKind {
    /// A fixed length at a fixed price. First, because it fits most narrowly.
    Slot,
    /// A flat price for a time inside the window.
    Day,
    /// A price for each started hour.
    Hourly,
}

/// One price schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// Identity.
    pub rate_id: StudioRateId,
    /// How it counts.
    pub kind: RateKind,
    /// Shown name.
    pub name: String,
    /// When it applies.
    pub window: Window,
    /// Length of a slot, minutes; `Some` exactly for slots. Slots follow each other from the window's start.
    pub slot_minutes: Option<i32>,
    /// Per hour, slot or day, cents.
    pub price: Cents,
    /// Least length, minutes.
    pub min_minutes: i32,
    /// Greatest length, minutes.
    pub max_minutes: Option<i32>,
}

/// A multiplier on prices at some times of the week.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    /// Shown name.
    pub name: String,
    /// When it applies.
    pub window: Window,
    /// Above 10 000 at peak times, below at off-peak times.
    pub multiplier: BasisPoints,
}

/// A multiplier for crews up to a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrewTier {
    /// Most people.
    pub max_people: i32,
    /// 10 000 or more.
    pub multiplier: BasisPoints,
}

/// Everything that decides a quote.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The studio's time zone.
    pub zone: Tz,
    /// Rates that may apply.
    pub rates: Vec<Rate>,
    /// Peak and off-peak times.
    pub peaks: Vec<Peak>,
    /// Crew tiers by size; empty when the crew does not matter.
    pub crew_tiers: Vec<CrewTier>,
    /// Most people at once.
    pub capacity_people: i32,
    /// Minutes that must be free before a booking.
    pub buffer_before_min: i32,
    /// Minutes that must be free after a booking.
    pub buffer_after_min: i32,
    /// Minutes of cleaning after a booking, before the buffer.
    pub cleaning_min: i32,
    /// Fixed fee for cleaning, cents; zero for none.
    pub cleaning_fee: Cents,
    /// Times at which the studio is not for rent.
    pub blackouts: Vec<TimeRange>,
}

impl Schedule {
    /// The lowest price of an hour, cents, for "from" prices; `None` without rates. Slot and day prices are divided
    /// by their length, rounded half up.
    pub fn price_from(&self) -> Option<Cents> {
        self.rates.iter().map(Rate::per_hour).min()
    }
}

impl Rate {
    fn per_hour(&self) -> Cents {
        let minutes = i64::from(match self.kind {
            RateKind::Hourly => return self.price,
            RateKind::Slot => self.slot_minutes.unwrap_or_else(|| self.window.wall_minutes()),
            RateKind::Day => self.window.wall_minutes(),
        });
        Cents((self.price.0 * 60 + minutes / 2) / minutes.max(1))
    }
}
