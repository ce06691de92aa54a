//! What a package costs with the chosen add-ons: the talent half of a quote, before fee and taxes.

use std::collections::BTreeSet;

use rastup_store::Unit;
use rastup_types::{
    PackageId, ServiceProfileId, UserId,
    policy::CancellationPolicy,
    pricing::{LineKind, PricedLine, ProfileRole},
};
use serde::{Deserialize, Serialize};

use crate::{ProfileError, package::Package, profile};

/// An add-on that the buyer wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnChoice {
    /// Which.
    pub key: String,
    /// How many units.
    pub quantity: i32,
}

/// A package as it would be booked now; the caller keeps the snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageOffer {
    /// The profile that sells it.
    pub service_profile_id: ServiceProfileId,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// In which role.
    pub role: ProfileRole,
    /// For orders and receipts: the package and who sells it.
    pub title: String,
    /// The package, then the add-ons in the package's order.
    pub lines: Vec<PricedLine>,
    /// Length of the session, minutes.
    pub duration_minutes: i32,
    /// What the buyer gets.
    pub deliverables: String,
    /// What applies when the order is cancelled.
    pub policy: CancellationPolicy,
    /// Normalised code of the seller's city.
    pub city: String,
}

/// Prices a package of a published profile. Errors: `SP_NOT_FOUND` for an unknown or unpublished profile and for a
/// package that is not on sale, `INPUT_INVALID` naming the add-on that does not exist, comes twice or is too many.
pub async fn offer(
    unit: &mut Unit,
    service_profile_id: ServiceProfileId,
    package_id: PackageId,
    add_ons: &[AddOnChoice],
) -> Result<PackageOffer, ProfileError> {
    let profile = profile::published(unit, service_profile_id).await?;
    let package = profile
        .packages
        .iter()
        .find(|package| package.package_id == package_id)
        .ok_or(ProfileError::PackageNotFound)?;
    Ok(PackageOffer {
        lines: lines(package, add_ons)?,
        service_profile_id,
        seller_user_id: profile.user_id,
        role: profile.role,
        title: format!("{} — {}", package.content.name, profile.display_name),
        duration_minutes: package.content.duration_minutes,
        deliverables: package.content.deliverables.clone(),
        policy: profile.policy.clone(),
        city: profile.city.clone(),
    })
}

/// The lines of a package with the chosen add-ons.
pub(crate) fn lines(package: &Package, choices: &[AddOnChoice]) -> Result<Vec<PricedLine>, ProfileError> {
    let content = &package.content;
    let mut chosen = BTreeSet::new();
    for (index, choice) in choices.iter().enumerate() {
        let known = content.add_ons.iter().find(|add_on| add_on.key == choice.key);
        let add_on = known.ok_or_else(|| {
            ProfileError::invalid(format!("addOns[{index}].key"), "is not an add-on of this package")
        })?;
        if !chosen.insert(choice.key.as_str()) {
            return Err(ProfileError::invalid(format!("addOns[{index}].key"), "is chosen twice"));
        }
        if choice.quantity < 1 || choice.quantity > add_on.max_quantity {
            let problem = format!("must be 1 to {}", add_on.max_quantity);
            return Err(ProfileError::invalid(format!("addOns[{index}].quantity"), problem));
        }
    }
    let package_line = PricedLine::new(LineKind::Package, &content.name, 1, content.price_cents);
    let extras = content.add_ons.iter().filter_map(|add_on| {
        let choice = choices.iter().find(|choice| choice.key == add_on.key)?;
        Some(PricedLine::new(LineKind::Extra, &add_on.name, choice.quantity, add_on.price_cents))
    });
    std::iter::once(package_line)
        .chain(extras)
        .collect::<Option<Vec<PricedLine>>>()
        .ok_or_else(|| ProfileError::invalid("addOns", "cost more than can be charged"))
}
