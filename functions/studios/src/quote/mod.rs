//! The quote engine of §1.11.E: a pure function from a studio's schedule and a time to lines and a blocked range.
//!
//! Rules, in order:
//! 1. The time has whole minutes and at most 31 days; the crew fits into the studio and its tiers.
//! 2. A blackout refuses the time; a blackout that only touches buffers or cleaning refuses it as a buffer conflict.
//! 3. A rate fits when its day of the week and local window hold the whole time (no crossing from window to window),
//!    the length is within its minimum and maximum, and a slot is met exactly. Lengths are elapsed time, so a day on
//!    which the clocks change is priced by what passes, not by what the wall shows.
//! 4. Of several rates that fit, the cheapest applies; then slot before day before hourly, the narrower window, the id.
//! 5. Peak: an hourly rate is multiplied for each started hour that begins in a peak window, a slot or day rate by
//!    where it begins. Of several peak windows the greatest multiplier applies.
//! 6. Crew: the sum so far is multiplied by the tier that holds the crew. Without a crew size no tier applies.
//! 7. Cleaning is a fixed fee. Deposits, platform fees and taxes are no part of the sum.

mod price;
mod schedule;
mod window;

pub use price::{Quote, price};
pub use schedule::{CrewTier, Peak, Rate, RateKind, Schedule};
pub use window::{Days, Window};
