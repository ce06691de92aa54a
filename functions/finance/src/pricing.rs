//! What a leg costs: the seller's subtotal, service tax, the platform's fee and the tax on that fee (§1.9.B).

use rastup_providers::tax::{TaxKind, TaxLine, TaxQuote, TaxQuotes};
use rastup_store::{Unit, sqlx};
use rastup_types::{
    BasisPoints, Cents, Currency, FeeRuleId,
    event::NewEvent,
    pricing::{LegType, ProfileRole},
};
use serde::{Deserialize, Serialize};

use crate::{FinanceError, mor};

/// Greatest subtotal that a fee is quoted for, cents.
const SUBTOTAL_MAX: i64 = 100_000_000;

/// What is priced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegPricing {
    /// Normalised code of the city where the service is rendered.
    pub city: String,
    /// Person or place.
    pub leg_type: LegType,
    /// The person's role; none for a place.
    pub role: Option<ProfileRole>,
    /// Sum of the leg's lines, cents.
    pub subtotal: Cents,
}

/// The price of a leg. `total` is what the buyer pays for it: subtotal, service tax, fee and the tax on the fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegPrice {
    /// The seller's price, cents.
    pub subtotal: Cents,
    /// Tax on the seller's price, cents.
    pub service_tax: Cents,
    /// The platform's fee, cents.
    pub platform_fee: Cents,
    /// Tax on the fee, cents.
    pub platform_fee_tax: Cents,
    /// What the buyer pays, cents.
    pub total: Cents,
    /// The service tax by jurisdiction; adds up to `service_tax`.
    pub tax_lines: Vec<TaxLine>,
    /// The tax on the fee by jurisdiction; adds up to `platform_fee_tax`.
    pub fee_tax_lines: Vec<TaxLine>,
    /// Rule that the fee was computed by.
    pub fee_rule_id: FeeRuleId,
    /// True when the platform is merchant of record of the city and remits the service tax.
    #[serde(default)]
    pub platform_remits: bool,
    /// Where the tax rates came from.
    pub tax_provider: String,
    /// The provider's name for the quote of the service tax.
    pub service_tax_reference: String,
    /// The provider's name for the quote of the fee's tax.
    pub fee_tax_reference: String,
}

/// A platform-fee rule: a rate with a floor and a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct FeeRule {
    pub(crate) fee_rule_id: FeeRuleId,
    pub(crate) rate_bps: BasisPoints,
    pub(crate) floor_cents: Cents,
    pub(crate) ceiling_cents: Cents,
}

impl FeeRule {
    /// The fee on a subtotal, rounded half-up and kept between floor and ceiling. Nothing sold, no fee.
    pub(crate) fn fee(&self, subtotal: Cents) -> Cents {
        if subtotal <= Cents::ZERO {
            return Cents::ZERO;
        }
        subtotal.at_rate(self.rate_bps).max(self.floor_cents).min(self.ceiling_cents)
    }
}

fn fee_role(pricing: &LegPricing) -> &'static str {
    match (pricing.leg_type, pricing.role) {
        (LegType::Studio, _) | (LegType::Talent, None) => "studio",
        (LegType::Talent, Some(ProfileRole::Model)) => "model",
        (LegType::Talent, Some(ProfileRole::Photographer)) => "photographer",
        (LegType::Talent, Some(ProfileRole::Videographer)) => "videographer",
        (LegType::Talent, Some(ProfileRole::Creator)) => "creator",
        (LegType::Talent, Some(ProfileRole::Fansub)) => "fansub",
    }
}

/// The rule that holds now. Error: `FEE_RULE_MISSING`.
pub(crate) async fn rule_of(unit: &mut Unit, city: &str, role: &str) -> Result<FeeRule, FinanceError> {
    let now = unit.now();
    let rule: Option<FeeRule> = sqlx::query_as(
        "select fee_rule_id, rate_bps, floor_cents, ceiling_cents from finance.fee_rule
         where city = $1 and role = $2 and valid_from <= $3 and (valid_until is null or valid_until > $3)",
    )
    .bind(city)
    .bind(role)
    .bind(now)
    .fetch_optional(unit.conn())
    .await?;
    rule.ok_or_else(|| FinanceError::FeeRuleMissing { city: city.to_owned(), role: role.to_owned() })
}

/// What the platform would take for a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeQuote {
    /// Rule that it was computed by.
    pub fee_rule_id: FeeRuleId,
    /// Its rate.
    pub rate_bps: BasisPoints,
    /// The fee, cents.
    pub fee: Cents,
    /// Tax on the fee, cents.
    pub tax: Cents,
}

/// Computes the fee on a subtotal, and tells analytics. Errors: `FEE_RULE_MISSING`, `INPUT_INVALID`.
pub async fn quote_fee(
    unit: &mut Unit,
    taxes: &dyn TaxQuotes,
    city: &str,
    role: &str,
    subtotal: Cents,
) -> Result<FeeQuote, FinanceError> {
    if !(0..=SUBTOTAL_MAX).contains(&subtotal.0) {
        return Err(FinanceError::Invalid {
            field: "subtotalCents",
            problem: "must be between 0 and 100000000",
        });
    }
    let rule = rule_of(unit, city, role).await?;
    let fee = rule.fee(subtotal);
    let tax = taxes.quote(city, TaxKind::PlatformFee, fee);
    let tax = tax.map_err(|_| FinanceError::TaxUnknown { city: city.to_owned() })?.amount_cents;
    let event = NewEvent::new("finance", "fee.compute")
        .id("fee_rule_id", rule.fee_rule_id)
        .city(city)
        .money(fee, Currency::USD)
        .fact("role", role)
        .fact("subtotal_cents", subtotal.0);
    unit.publish(event).await?;
    Ok(FeeQuote { fee_rule_id: rule.fee_rule_id, rate_bps: rule.rate_bps, fee, tax })
}

/// Prices a leg. Errors: `FEE_RULE_MISSING` when no rule holds for the city and role, `INPUT_INVALID` when the city's
/// tax rates are not known or the subtotal is negative.
pub async fn price_leg(
    unit: &mut Unit,
    taxes: &dyn TaxQuotes,
    pricing: &LegPricing,
) -> Result<LegPrice, FinanceError> {
    if pricing.subtotal < Cents::ZERO {
        return Err(FinanceError::WrongState("A leg's price is never negative."));
    }
    let rule = rule_of(unit, &pricing.city, fee_role(pricing)).await?;
    let quote = |kind, amount| {
        taxes
            .quote(&pricing.city, kind, amount)
            .map_err(|_| FinanceError::TaxUnknown { city: pricing.city.clone() })
    };
    let fee = rule.fee(pricing.subtotal);
    let service = quote(TaxKind::Service, pricing.subtotal)?;
    let price = assemble(&rule, pricing.subtotal, service, fee, quote(TaxKind::PlatformFee, fee)?);
    Ok(LegPrice { platform_remits: mor::platform_remits(unit, &pricing.city).await?, ..price })
}

fn assemble(
    rule: &FeeRule,
    subtotal: Cents,
    service: TaxQuote,
    platform_fee: Cents,
    fee_tax: TaxQuote,
) -> LegPrice {
    LegPrice {
        subtotal,
        service_tax: service.amount_cents,
        platform_fee,
        platform_fee_tax: fee_tax.amount_cents,
        total: subtotal + service.amount_cents + platform_fee + fee_tax.amount_cents,
        tax_lines: service.lines,
        fee_tax_lines: fee_tax.lines,
        fee_rule_id: rule.fee_rule_id,
        platform_remits: false,
        tax_provider: service.provider,
        service_tax_reference: service.provider_reference,
        fee_tax_reference: fee_tax.provider_reference,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rastup_providers::tax::RateTable;
    use rastup_types::id::TypedId;

    use super::*;

    fn rule(rate_bps: i32, floor: i64, ceiling: i64) -> FeeRule {
        FeeRule {
            fee_rule_id: FeeRuleId::from_uuid(Default::default()),
            rate_bps: BasisPoints(rate_bps),
            floor_cents: Cents(floor),
            ceiling_cents: Cents(ceiling),
        }
    }

    #[test]
    fn golden_table_of_fees() {
        let person = rule(1_000, 500, 25_000);
        let place = rule(825, 400, 15_000);
        for (rule, subtotal, fee) in [
            (person, 0, 0),
            (person, 1, 500),
            (person, 4_999, 500),
            (person, 5_000, 500),
            (person, 5_004, 500),
            (person, 5_005, 501),
            (person, 45_000, 4_500),
            (person, 249_994, 24_999),
            (person, 249_995, 25_000),
            (person, 250_000, 25_000),
            (person, 9_000_000, 25_000),
            (place, 4_848, 400),
            (place, 4_855, 401),
            (place, 38_500, 3_176),
            (place, 1_000_000, 15_000),
        ] {
            assert_eq!(rule.fee(Cents(subtotal)), Cents(fee), "{subtotal}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_of_a_price_add_up_to_the_whole(subtotal in 0i64..5_000_000, bps in 0i32..3_000) {
            let rule = rule(bps, 300, 20_000);
            let fee = rule.fee(Cents(subtotal));
            let service = RateTable.quote("houston", TaxKind::Service, Cents(subtotal)).unwrap();
            let fee_tax = RateTable.quote("houston", TaxKind::PlatformFee, fee).unwrap();
            let price = assemble(&rule, Cents(subtotal), service, fee, fee_tax);
            let parts = price.subtotal + price.service_tax + price.platform_fee + price.platform_fee_tax;
            prop_assert_eq!(parts, price.total);
            prop_assert_eq!(price.tax_lines.iter().map(|l| l.amount_cents).sum::<Cents>(), price.service_tax);
            let fee_lines = price.fee_tax_lines.iter().map(|l| l.amount_cents).sum::<Cents>();
            prop_assert_eq!(fee_lines, price.platform_fee_tax);
        }

        #[test]
        fn a_fee_stays_between_floor_and_ceiling(subtotal in 1i64..50_000_000, bps in 0i32..10_000) {
            let fee = rule(bps, 300, 20_000).fee(Cents(subtotal));
            prop_assert!(fee >= Cents(300) && fee <= Cents(20_000));
        }
    }
}
