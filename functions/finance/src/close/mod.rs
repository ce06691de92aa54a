//! The daily close (§1.3.V): extract what Stripe says, compare it with the books, gate payouts, adjust, close the day.

mod adjust;
mod compare;
mod day;
mod extract;
mod run;
mod verdict;
mod view;

/// The zone whose days are the platform's: that of the first city.
pub const ZONE: &str = "America/Chicago";

pub use adjust::{Adjustment, adjust};
pub use day::{Day, close, reopen};
pub use run::{due, quarantine, run};
pub use verdict::{Found, Verdict, judge};
pub use view::{Run, Variance, report};
