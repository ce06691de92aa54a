//! Cancellation policy: a list of bands by hours to the start (§1.3.L), with the three named lists.

use serde::{Deserialize, Serialize};

/// What applies while the hours to the start are in `[from_hours, to_hours)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationBand {
    /// Lower bound in hours, inclusive.
    pub from_hours: i32,
    /// Upper bound in hours, exclusive; none for the first band.
    pub to_hours: Option<i32>,
    /// Share of the leg returned to the buyer, whole percent.
    pub buyer_refund_pct: i32,
    /// Share of the leg kept by the seller, whole percent.
    pub seller_payout_pct: i32,
}

/// The cancellation policy of a leg, frozen with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancellationPolicy {
    /// Version of this shape.
    pub version: i32,
    /// Bands from the earliest cancellation to the latest, without gap or overlap down to 0 hours.
    pub bands: Vec<CancellationBand>,
    /// A cancellation by the seller returns everything.
    pub provider_cancel_full_refund: bool,
}

impl CancellationPolicy {
    /// Full refund until 24 hours before, half until the start.
    pub fn flexible() -> Self {
        Self::from_bands(&[(24, None, 100), (0, Some(24), 50)])
    }
    /// The bands of §1.3.L.2: all until 72 hours before, half until 24 hours before, nothing later.
    pub fn standard() -> Self {
        Self::from_bands(&[(72, None, 100), (24, Some(72), 50), (0, Some(24), 0)])
    }
    /// Half until a week before, nothing later.
    pub fn strict() -> Self {
        Self::from_bands(&[(168, None, 50), (0, Some(168), 0)])
    }

    fn from_bands(bands: &[(i32, Option<i32>, i32)]) -> Self {
        let bands = bands
            .iter()
            .map(|(from_hours, to_hours, refund)| CancellationBand {
                from_hours: *from_hours,
                to_hours: *to_hours,
                buyer_refund_pct: *refund,
                seller_payout_pct: 100 - refund,
            })
            .collect();
        Self { version: 1, bands, provider_cancel_full_refund: true }
    }

    /// True when the bands cover every hour from 0 on exactly once and every band shares out 100 %.
    pub fn is_sound(&self) -> bool {
        let mut upper = None;
        for band in &self.bands {
            let shares_all = band.buyer_refund_pct + band.seller_payout_pct == 100
                && (0..=100).contains(&band.buyer_refund_pct);
            if band.to_hours != upper || !shares_all || band.to_hours.is_some_and(|to| to <= band.from_hours)
            {
                return false;
            }
            upper = Some(band.from_hours);
        }
        upper == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_policies_cover_every_hour_once() {
        for policy in
            [CancellationPolicy::flexible(), CancellationPolicy::standard(), CancellationPolicy::strict()]
        {
            assert!(policy.is_sound(), "{policy:?}");
        }
    }

    #[test]
    fn a_policy_with_a_gap_an_overlap_or_a_wrong_share_is_not_sound() {
        let mut gap = CancellationPolicy::standard();
        gap.bands.remove(1);
        assert!(!gap.is_sound());
        let mut overlap = CancellationPolicy::standard();
        overlap.bands[1].to_hours = Some(80);
        assert!(!overlap.is_sound());
        let mut share = CancellationPolicy::standard();
        share.bands[0].seller_payout_pct = 1;
        assert!(!share.is_sound());
    }
}
