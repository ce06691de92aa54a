//! Integer cents, basis points and the two ways of dividing money: half-up per line and largest remainder for splits.

use serde::{Deserialize, Serialize};

/// An amount in the smallest unit of its currency; negative for what is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
pub struct Cents(pub i64);

/// Currency of an amount; the marketplace trades in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "text"))]
pub enum Currency {
    /// United States dollar, two decimals.
    #[default]
    USD,
}

impl Currency {
    /// ISO 4217 code, upper case.
    pub fn code(self) -> &'static str {
        match self {
            Currency::USD => "USD",
        }
    }
}

/// A rate in hundredths of a percent: 1 250 is 12.5 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
pub struct BasisPoints(pub i32);

impl Cents {
    /// Nothing.
    pub const ZERO: Cents = Cents(0);

    /// `self` × `rate`, rounded half away from zero, which is half-up for amounts of money taken.
    pub fn at_rate(self, rate: BasisPoints) -> Cents {
        let product = i128::from(self.0) * i128::from(rate.0);
        let half = if product < 0 { -5_000 } else { 5_000 };
        Cents(((product + half) / 10_000) as i64)
    }

    /// `self` × `quantity`; `None` when the result does not fit.
    pub fn times(self, quantity: i64) -> Option<Cents> {
        self.0.checked_mul(quantity).map(Cents)
    }

    /// Splits the amount in proportion to `weights` by largest remainder, so that the parts add up to the whole.
    /// Ties go to the earlier part. All weights zero: everything goes to the first part. No weights: no parts.
    pub fn split(self, weights: &[i64]) -> Vec<Cents> {
        let Some(count) = std::num::NonZeroUsize::new(weights.len()) else { return Vec::new() };
        let weights: Vec<i128> = weights.iter().map(|w| i128::from((*w).max(0))).collect();
        let total: i128 = weights.iter().sum();
        if total == 0 {
            let mut parts = vec![Cents::ZERO; count.get()];
            parts[0] = self;
            return parts;
        }
        let amount = i128::from(self.0.abs());
        let mut parts: Vec<i128> = weights.iter().map(|w| amount * w / total).collect();
        let left = amount - parts.iter().sum::<i128>();
        let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
        by_remainder.sort_by_key(|i| (std::cmp::Reverse(amount * weights[*i] % total), *i));
        for index in by_remainder.into_iter().take(left as usize) {
            parts[index] += 1;
        }
        let sign = if self.0 < 0 { -1 } else { 1 };
        parts.into_iter().map(|part| Cents(part as i64 * sign)).collect()
    }
}

impl std::ops::Add for Cents {
    type Output = Cents;
    fn add(self, other: Cents) -> Cents {
        Cents(self.0 + other.0)
    }
}
impl std::ops::Sub for Cents {
    type Output = Cents;
    fn sub(self, other: Cents) -> Cents {
        Cents(self.0 - other.0)
    }
}
impl std::ops::Neg for Cents {
    type Output = Cents;
    fn neg(self) -> Cents {
        Cents(-self.0)
    }
}
impl std::ops::AddAssign for Cents {
    fn add_assign(&mut self, other: Cents) {
        self.0 += other.0;
    }
}
impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Cents>>(iter: I) -> Cents {
        iter.fold(Cents::ZERO, |sum, part| sum + part)
    }
}
impl std::fmt::Display for Cents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_rounds_half_up() {
        assert_eq!(Cents(5).at_rate(BasisPoints(1_000)), Cents(1));
        assert_eq!(Cents(4).at_rate(BasisPoints(1_000)), Cents(0));
        assert_eq!(Cents(-5).at_rate(BasisPoints(1_000)), Cents(-1));
        assert_eq!(Cents(45_000).at_rate(BasisPoints(825)), Cents(3_713));
    }

    proptest! {
        #[test]
        fn parts_of_a_split_add_up_to_the_whole(
            amount in -10_000_000_000i64..10_000_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..12)
        ) {
            let parts = Cents(amount).split(&weights);
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().copied().sum::<Cents>(), Cents(amount));
        }

        #[test]
        fn no_part_is_more_than_a_cent_from_its_share(
            amount in 0i64..1_000_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..12)
        ) {
            let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
            prop_assume!(total > 0);
            for (part, weight) in Cents(amount).split(&weights).iter().zip(&weights) {
                let exact = i128::from(amount) * i128::from(*weight);
                prop_assert!((i128::from(part.0) * total - exact).abs() < total);
            }
        }
    }
}
