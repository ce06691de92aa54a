//! What a leg costs: the seller's subtotal, service tax, the platform's fee and the tax on that fee (§1.9.B).

use rastup_providers::tax::{TaxKind, TaxLine, TaxQuote, TaxQuotes};
use rastup_store::{Unit, sqlx};
use rastup_types::{
    BasisPoints, Cents, FeeRuleId,
    pricing::{LegType, ProfileRole},
};
use serde::{Deserialize, Serialize};

use crate::FinanceError;

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
    /// Where the tax rates came from.
    pub tax_provider: String,
    /// The provider's name for the quote of the service tax.
    pub service_tax_reference: String,
    /// The provider's name for the quote of the fee's tax.
    pub fee_tax_reference: String,
}

/// A platform-fee rule: a rate with a floor and a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
struct FeeRule {
    fee_rule_id: FeeRuleId,
    rate_bps: BasisPoints,
    floor_cents: Cents,
    ceiling_cents: Cents,
}

impl FeeRule {
    /// The fee on a subtotal, rounded half-up and kept between floor and ceiling. Nothing sold, no fee.
    fn fee(&self, subtotal: Cents) -> Cents {
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
    let (now, role) = (unit.now(), fee_role(pricing));
    let rule: Option<FeeRule> = sqlx::query_as(
        "select fee_rule_id, rate_bps, floor_cents, ceiling_cents from finance.fee_rule
         where city = $1 and role = $2 and valid_from <= $3 and (valid_until is null or valid_until > $3)",
    )
    .bind(&pricing.city)
    .bind(role)
    .bind(now)
    .fetch_optional(unit.conn())
    .await?;
    let missing = || FinanceError::FeeRuleMissing { city: pricing.city.clone(), role: role.to_owned() };
    let rule = rule.ok_or_else(missing)?;
    let quote = |kind, amount| {
        taxes
            .quote(&pricing.city, kind, amount)
            .map_err(|_| FinanceError::TaxUnknown { city: pricing.city.clone() })
    };
    let fee = rule.fee(pricing.subtotal);
    let service = quote(TaxKind::Service, pricing.subtotal)?;
    Ok(assemble(&rule, pricing.subtotal, service, fee, quote(TaxKind::PlatformFee, fee)?))
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
