//! What a leg costs and under which terms, before it exists: the offers of profiles and studios with fee and taxes.

use finance::{LegPrice, LegPricing, price_leg};
use profiles::AddOnChoice;
use rastup_providers::tax::TaxQuotes;
use rastup_store::Unit;
use rastup_types::{
    Cents, LbgId, LegId, PackageId, ServiceProfileId, StudioId, TimeRange, UserId,
    policy::CancellationPolicy,
    pricing::{LegType, PricedLine},
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{
    city,
    error::BookingError,
    lifecycle::LegStatus,
    order::{Leg, Terms},
    window,
};

/// Longest text that goes into a contract, characters.
const TEXT_CHARS_MAX: usize = 200;
/// Most add-ons of one leg.
const ADD_ONS_MAX: usize = 20;

/// The talent that a buyer wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TalentChoice {
    /// Profile.
    pub service_profile_id: ServiceProfileId,
    /// One of its packages.
    pub package_id: PackageId,
    /// Add-ons of the package.
    #[serde(default)]
    pub add_ons: Option<Vec<AddOnChoice>>,
    /// Where the work takes place when no studio is booked.
    #[serde(default)]
    pub location_address: Option<String>,
    /// Licensed use, when narrower than the template's default.
    #[serde(default)]
    pub usage_scope: Option<String>,
}

/// A leg as it would be booked now.
#[derive(Debug, Clone, PartialEq)]
pub struct LegQuote {
    /// Talent or studio.
    pub leg_type: LegType,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// The talent's profile and package.
    pub talent: Option<(ServiceProfileId, PackageId)>,
    /// The studio.
    pub studio_id: Option<StudioId>,
    /// Shown on the receipt.
    pub title: String,
    /// The session.
    pub range: TimeRange,
    /// The session with buffers.
    pub blocked: TimeRange,
    /// Lines of the price.
    pub lines: Vec<PricedLine>,
    /// Subtotal, fee and taxes.
    pub price: LegPrice,
    /// Card hold, cents; not part of the price.
    pub deposit: Cents,
    /// Cancellation policy.
    pub policy: CancellationPolicy,
    /// The rest of the contract.
    pub terms: Terms,
}

/// One line of a person's words, trimmed; none for nothing. Error: `INPUT_INVALID` naming `field`.
pub(crate) fn text(value: Option<&str>, field: &'static str) -> Result<Option<String>, BookingError> {
    let Some(trimmed) = value.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if trimmed.chars().count() > TEXT_CHARS_MAX {
        return Err(BookingError::Invalid { field, problem: "must have at most 200 characters" });
    }
    if trimmed.chars().any(char::is_control) {
        return Err(BookingError::Invalid { field, problem: "must be one line" });
    }
    Ok(Some(trimmed.to_owned()))
}

/// Prices the talent. Errors: `SP_NOT_FOUND`, `FEE_RULE_MISSING`, `INPUT_INVALID`.
pub async fn talent(
    unit: &mut Unit,
    tax: &dyn TaxQuotes,
    choice: &TalentChoice,
    range: TimeRange,
    city: &str,
) -> Result<LegQuote, BookingError> {
    let zone = city::time_zone(city)?;
    window::bookable(range, unit.now())?;
    let location_address = text(choice.location_address.as_deref(), "locationAddress")?;
    let usage_scope = text(choice.usage_scope.as_deref(), "usageScope")?;
    let add_ons = choice.add_ons.as_deref().unwrap_or_default();
    if add_ons.len() > ADD_ONS_MAX {
        return Err(BookingError::Invalid { field: "addOns", problem: "has too many entries" });
    }
    let offer = profiles::offer(unit, choice.service_profile_id, choice.package_id, add_ons).await?;
    window::fits_package(range, offer.duration_minutes)?;
    // Fees, taxes and clauses are the city's: the buyer does not choose a cheaper one.
    if offer.city != city {
        return Err(BookingError::Invalid { field: "city", problem: "is not where this profile works" });
    }
    let pricing = LegPricing {
        city: city.to_owned(),
        leg_type: LegType::Talent,
        role: Some(offer.role),
        subtotal: PricedLine::total(&offer.lines),
    };
    let price = price_leg(unit, tax, &pricing).await?;
    Ok(LegQuote {
        leg_type: LegType::Talent,
        seller_user_id: offer.seller_user_id,
        talent: Some((offer.service_profile_id, choice.package_id)),
        studio_id: None,
        title: offer.title,
        range,
        blocked: range,
        lines: offer.lines,
        price,
        deposit: Cents::ZERO,
        policy: offer.policy,
        terms: Terms {
            crew_size: None,
            deliverables: offer.deliverables,
            location_address,
            usage_scope,
            role: Some(offer.role),
            studio_name: None,
            house_rules: Vec::new(),
            time_zone: zone.name().to_owned(),
        },
    })
}

/// Prices the studio for a crew; it has to be in the order's city.
/// Errors: `STUDIO_RATE_NOT_FOUND`, `STUDIO_BLACKOUT`, `FEE_RULE_MISSING`, `INPUT_INVALID`.
pub async fn studio(
    unit: &mut Unit,
    tax: &dyn TaxQuotes,
    studio_id: StudioId,
    range: TimeRange,
    city: &str,
    crew_size: Option<i32>,
) -> Result<LegQuote, BookingError> {
    window::bookable(range, unit.now())?;
    let offer = studios::offer(unit, studio_id, range, crew_size).await?;
    if offer.city != city {
        return Err(BookingError::Invalid { field: "studioId", problem: "is a studio in another city" });
    }
    let pricing = LegPricing {
        city: offer.city,
        leg_type: LegType::Studio,
        role: None,
        subtotal: PricedLine::total(&offer.lines),
    };
    let price = price_leg(unit, tax, &pricing).await?;
    Ok(LegQuote {
        leg_type: LegType::Studio,
        seller_user_id: offer.owner_user_id,
        talent: None,
        studio_id: Some(offer.studio_id),
        title: offer.title.clone(),
        range,
        blocked: offer.blocked,
        lines: offer.lines,
        price,
        deposit: offer.deposit,
        policy: offer.policy,
        terms: Terms {
            crew_size,
            deliverables: format!("Use of {}", offer.title),
            location_address: Some(offer.address_line),
            usage_scope: None,
            role: None,
            studio_name: Some(offer.title),
            house_rules: offer.house_rules,
            time_zone: offer.time_zone.name().to_owned(),
        },
    })
}

impl LegQuote {
    /// The leg that the quote becomes: from now on its price does not follow the offers any more.
    pub fn into_leg(self, lbg_id: LbgId, leg_id: LegId) -> (Leg, Vec<PricedLine>) {
        let leg = Leg {
            leg_id,
            lbg_id,
            leg_type: self.leg_type,
            seller_user_id: self.seller_user_id,
            service_profile_id: self.talent.map(|(profile, _)| profile),
            package_id: self.talent.map(|(_, package)| package),
            studio_id: self.studio_id,
            title: self.title,
            start_at: self.range.start(),
            end_at: self.range.end(),
            blocked_from: self.blocked.start(),
            blocked_until: self.blocked.end(),
            subtotal_cents: self.price.subtotal,
            service_tax_cents: self.price.service_tax,
            platform_fee_cents: self.price.platform_fee,
            platform_fee_tax_cents: self.price.platform_fee_tax,
            total_cents: self.price.total,
            price: Json(self.price),
            deposit_cents: self.deposit,
            policy: Json(self.policy),
            terms: Json(self.terms),
            pack_id: None,
            status: LegStatus::Draft,
        };
        (leg, self.lines)
    }
}
