//! What a seller charges beyond the package: travel by the mile and wider licences (§1.3.6).

use rastup_store::{Caller, Store, Unit};
use rastup_types::{
    Cents, Role, ServiceProfileId,
    pricing::{LicenseTier, LineKind, PricedLine},
};
use serde::Deserialize;
use serde_json::json;

use crate::{ProfileError, profile};

/// Price of a mile, cents.
const CENTS_PER_MILE: std::ops::RangeInclusive<i64> = 1..=10_000;
/// Price of a wider licence, cents.
const LICENSE_CENTS: std::ops::RangeInclusive<i64> = 0..=10_000_000;
/// Farthest that travel is priced for, miles.
const MILES_MAX: i32 = 500;

/// A wider licence with what it adds to the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, sqlx::FromRow)]
#[serde(rename_all = "camelCase")]
pub struct LicensePrice {
    /// How far the use goes.
    pub tier: LicenseTier,
    /// Added to the package's price, cents.
    pub price_cents: Cents,
}

/// Travel and licences of a profile; the default charges for no travel and sells no wider licence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingTerms {
    /// Price of a mile to the buyer's place, cents; none when travel is free.
    pub travel_cents_per_mile: Option<Cents>,
    /// Wider licences that are on sale.
    #[serde(default, deserialize_with = "null_as_none")]
    pub licenses: Vec<LicensePrice>,
}

fn null_as_none<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<LicensePrice>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

impl BookingTerms {
    /// The line for a licence. Error: `INPUT_INVALID` for a tier that is not on sale.
    pub fn license_line(&self, tier: LicenseTier) -> Result<PricedLine, ProfileError> {
        let sold = self.licenses.iter().find(|license| license.tier == tier);
        let price =
            sold.ok_or_else(|| ProfileError::invalid("licenseTier", "is not sold by this profile"))?;
        PricedLine::new(LineKind::License, tier.words(), 1, price.price_cents)
            .ok_or_else(|| ProfileError::invalid("licenseTier", "costs more than can be charged"))
    }

    /// The line for `miles` of travel; none when travel is free. Error: `INPUT_INVALID`.
    pub fn travel_line(&self, miles: i32) -> Result<Option<PricedLine>, ProfileError> {
        if !(1..=MILES_MAX).contains(&miles) {
            return Err(ProfileError::invalid("travelMiles", format!("must be 1 to {MILES_MAX}")));
        }
        let line = self.travel_cents_per_mile.map(|price| {
            PricedLine::new(LineKind::Travel, "Travel, by the mile", miles, price)
                .ok_or_else(|| ProfileError::invalid("travelMiles", "costs more than can be charged"))
        });
        line.transpose()
    }
}

/// Travel and licences of a profile.
pub async fn booking_terms(unit: &mut Unit, id: ServiceProfileId) -> Result<BookingTerms, sqlx::Error> {
    let travel: Option<Option<Cents>> = sqlx::query_scalar(
        "select travel_cents_per_mile from profiles.booking_terms where service_profile_id = $1",
    )
    .bind(id)
    .fetch_optional(unit.conn())
    .await?;
    let licenses = sqlx::query_as(
        "select tier, price_cents from profiles.license_tier where service_profile_id = $1 order by tier",
    )
    .bind(id)
    .fetch_all(unit.conn())
    .await?;
    Ok(BookingTerms { travel_cents_per_mile: travel.flatten(), licenses })
}

/// Replaces the travel price and the licences of the caller's own profile; orders that exist keep their price.
/// Errors: `SP_NOT_FOUND`, `INPUT_INVALID`, `FORBIDDEN`.
pub async fn set_booking_terms(
    store: &Store,
    caller: &Caller,
    id: ServiceProfileId,
    terms: &BookingTerms,
) -> Result<(), ProfileError> {
    let owner = caller.actor.user_id().filter(|_| caller.actor.has(Role::Seller));
    let owner = owner.ok_or(ProfileError::Forbidden)?;
    check(terms)?;
    let mut unit = store.unit(caller).await?;
    profile::lock_own(&mut unit, id, owner).await?;
    let now = unit.now();
    sqlx::query(
        "insert into profiles.booking_terms (service_profile_id, travel_cents_per_mile, updated_at)
         values ($1, $2, $3)
         on conflict (service_profile_id) do update
             set travel_cents_per_mile = excluded.travel_cents_per_mile, updated_at = excluded.updated_at",
    )
    .bind(id)
    .bind(terms.travel_cents_per_mile)
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query("delete from profiles.license_tier where service_profile_id = $1")
        .bind(id)
        .execute(unit.conn())
        .await?;
    for license in &terms.licenses {
        sqlx::query(
            "insert into profiles.license_tier (service_profile_id, tier, price_cents) values ($1, $2, $3)",
        )
        .bind(id)
        .bind(license.tier)
        .bind(license.price_cents)
        .execute(unit.conn())
        .await?;
    }
    unit.audit("profile.set_booking_terms", id, json!({ "licenses": terms.licenses.len() }));
    unit.commit().await?;
    Ok(())
}

fn check(terms: &BookingTerms) -> Result<(), ProfileError> {
    if terms.travel_cents_per_mile.is_some_and(|price| !CENTS_PER_MILE.contains(&price.0)) {
        return Err(ProfileError::invalid("terms.travelCentsPerMile", "must be 1 to 10000"));
    }
    for (index, license) in terms.licenses.iter().enumerate() {
        if !LICENSE_CENTS.contains(&license.price_cents.0) {
            return Err(ProfileError::invalid(
                format!("terms.licenses[{index}].priceCents"),
                "must be 0 to 10000000",
            ));
        }
        if terms.licenses[..index].iter().any(|other| other.tier == license.tier) {
            return Err(ProfileError::invalid(format!("terms.licenses[{index}].tier"), "comes twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travel_and_licences_are_priced_lines() {
        let terms = BookingTerms {
            travel_cents_per_mile: Some(Cents(67)),
            licenses: vec![LicensePrice { tier: LicenseTier::Ads, price_cents: Cents(15_000) }],
        };
        assert_eq!(terms.travel_line(24).unwrap().unwrap().amount_cents, Cents(1_608));
        assert!(terms.travel_line(0).is_err());
        assert!(terms.travel_line(501).is_err());
        assert_eq!(terms.license_line(LicenseTier::Ads).unwrap().amount_cents, Cents(15_000));
        assert!(terms.license_line(LicenseTier::Buyout).is_err());
        assert_eq!(BookingTerms::default().travel_line(24).unwrap(), None);
    }
}
