//! Sales tax on services and on the platform's fee: the trait, and a table of rates for the cities that are served.

use rastup_types::{BasisPoints, Cents};
use serde::{Deserialize, Serialize};

/// What is taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxKind {
    /// A seller's service.
    Service,
    /// The platform's own fee (§1.9.F).
    PlatformFee,
}

/// Tax of one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaxLine {
    /// Name of the jurisdiction, as printed.
    pub jurisdiction: String,
    /// Rate in basis points.
    pub rate_bps: i32,
    /// Tax, cents.
    pub amount_cents: Cents,
}

/// Tax on one amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaxQuote {
    /// Tax, cents; what the lines add up to.
    pub amount_cents: Cents,
    /// By jurisdiction.
    pub lines: Vec<TaxLine>,
    /// Where the rates come from, such as `table`.
    pub provider: String,
    /// The provider's name for this quote, or the table's version.
    pub provider_reference: String,
}

/// The city is not one that taxes are known for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no tax rates are known for this city")]
pub struct UnknownCity;

/// Rates of tax. It does no I/O, because prices are computed inside a unit of work: what a provider says has to be there.
pub trait TaxQuotes: Send + Sync {
    /// Tax on `amount` for a service rendered in `city` (a normalised code).
    fn quote(&self, city: &str, kind: TaxKind, amount: Cents) -> Result<TaxQuote, UnknownCity>;
}

/// A table of combined sales-tax rates, kept by hand: an estimate for launch cities, not a tax engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RateTable;

const TABLE_VERSION: &str = "rates-2026-06";

struct CityRates {
    city: &'static str,
    jurisdictions: &'static [(&'static str, i32)],
}

/// Combined rates in basis points. The platform's fee is taxed like the service it is charged with.
const RATES: &[CityRates] = &[
    CityRates { city: "houston", jurisdictions: &[("State of Texas", 625), ("City of Houston", 200)] },
    CityRates {
        city: "los_angeles",
        jurisdictions: &[
            ("State of California", 600),
            ("Los Angeles County", 125),
            ("Los Angeles County districts", 225),
        ],
    },
];

impl TaxQuotes for RateTable {
    fn quote(&self, city: &str, kind: TaxKind, amount: Cents) -> Result<TaxQuote, UnknownCity> {
        let rates = RATES.iter().find(|rates| rates.city == city).ok_or(UnknownCity)?;
        let weights: Vec<i64> = rates.jurisdictions.iter().map(|(_, bps)| i64::from(*bps)).collect();
        let combined: i32 = rates.jurisdictions.iter().map(|(_, bps)| bps).sum();
        let amount_cents = amount.at_rate(BasisPoints(combined));
        let parts = amount_cents.split(&weights);
        let lines = rates.jurisdictions.iter().zip(parts).map(|((name, rate_bps), amount_cents)| TaxLine {
            jurisdiction: (*name).to_owned(),
            rate_bps: *rate_bps,
            amount_cents,
        });
        let reference = match kind {
            TaxKind::Service => "service",
            TaxKind::PlatformFee => "platform_fee",
        };
        Ok(TaxQuote {
            amount_cents,
            lines: lines.collect(),
            provider: "table".to_owned(),
            provider_reference: format!("{TABLE_VERSION}/{city}/{reference}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_examples_of_each_city() {
        for (city, amount, expected, lines) in [
            ("houston", 119_600, 9_867, &[7_475, 2_392][..]),
            ("houston", 38_500, 3_176, &[2_406, 770]),
            ("houston", 0, 0, &[0, 0]),
            ("houston", 6, 0, &[0, 0]),
            ("houston", 7, 1, &[1, 0]),
            ("los_angeles", 100_000, 9_500, &[6_000, 1_250, 2_250]),
            ("los_angeles", 45_000, 4_275, &[2_700, 563, 1_012]),
        ] {
            let quote = RateTable.quote(city, TaxKind::Service, Cents(amount)).unwrap();
            assert_eq!(quote.amount_cents, Cents(expected), "{city} {amount}");
            let amounts: Vec<i64> = quote.lines.iter().map(|line| line.amount_cents.0).collect();
            assert_eq!(amounts, lines, "{city} {amount}");
        }
    }

    #[test]
    fn an_unknown_city_is_not_taxed_at_zero() {
        assert_eq!(RateTable.quote("atlantis", TaxKind::Service, Cents(100)), Err(UnknownCity));
    }
}
