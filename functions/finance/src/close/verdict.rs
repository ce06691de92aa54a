//! When differences stop payouts: a pure decision over what a comparison found.

use rastup_types::{BasisPoints, Cents};

/// Differences above this part of what moved stop payouts (§1.3.V.4).
const THRESHOLD: BasisPoints = BasisPoints(50);
/// A single difference above this stops payouts, however much moved; cents.
const SINGLE_MAX: Cents = Cents(10_000);

/// What a comparison found, without what is quarantined; cents, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Found {
    /// What moved, both directions added up.
    pub volume: Cents,
    /// All differences added up.
    pub differences: Cents,
    /// The greatest single one.
    pub greatest: Cents,
}

/// Whether a day can be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing differs, or so little that the day may be closed with it.
    Green,
    /// Payouts stop until the differences are explained.
    Red,
}

/// Judges a comparison. Differences where nothing moved are always too much.
pub fn judge(found: Found) -> Verdict {
    let tolerated = found.volume.at_rate(THRESHOLD);
    let is_small = found.differences <= tolerated && found.greatest <= SINGLE_MAX;
    if found.differences == Cents::ZERO || is_small { Verdict::Green } else { Verdict::Red }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_table_of_verdicts() {
        for (volume, differences, greatest, verdict) in [
            (0, 0, 0, Verdict::Green),
            (0, 1, 1, Verdict::Red),
            (100_000, 500, 500, Verdict::Green),
            (100_000, 501, 501, Verdict::Red),
            (10_000_000, 10_000, 10_000, Verdict::Green),
            (10_000_000, 10_001, 10_001, Verdict::Red),
            (10_000_000, 50_000, 9_000, Verdict::Green),
            (10_000_000, 50_001, 9_000, Verdict::Red),
        ] {
            let found =
                Found { volume: Cents(volume), differences: Cents(differences), greatest: Cents(greatest) };
            assert_eq!(judge(found), verdict, "{found:?}");
        }
    }
}
