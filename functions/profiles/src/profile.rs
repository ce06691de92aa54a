//! Reading service profiles with what they sell.

use std::collections::BTreeMap;

use rastup_store::Unit;
use rastup_types::{
    Cents, Currency, PackageId, ServiceProfileId, UserId, policy::CancellationPolicy, pricing::ProfileRole,
};
use sqlx::types::Json;

use crate::{
    ProfileError,
    package::{AddOn, NewPackage, Package},
};

/// A person in one role, with the packages on sale in the seller's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Identity.
    pub service_profile_id: ServiceProfileId,
    /// The seller's account.
    pub user_id: UserId,
    /// Public name in addresses.
    pub handle: String,
    /// The role.
    pub role: ProfileRole,
    /// Shown name.
    pub display_name: String,
    /// One line about the seller.
    pub headline: String,
    /// Normalised city code.
    pub city: String,
    /// Currency of all prices.
    pub currency: Currency,
    /// What applies when an order is cancelled.
    pub policy: CancellationPolicy,
    /// True when everybody may see and book it.
    pub is_published: bool,
    /// Grows with every change of the packages.
    pub packages_version: i32,
    /// Packages on sale.
    pub packages: Vec<Package>,
}

#[derive(sqlx::FromRow)]
struct ProfileRow {
    service_profile_id: ServiceProfileId,
    user_id: UserId,
    handle: String,
    role: ProfileRole,
    display_name: String,
    headline: String,
    city: String,
    currency: Currency,
    cancellation_policy: Json<CancellationPolicy>,
    is_published: bool,
    packages_version: i32,
}

#[derive(sqlx::FromRow)]
struct PackageRow {
    package_id: PackageId,
    name: String,
    description: String,
    duration_minutes: i32,
    price_cents: Cents,
    deliverables: String,
}

#[derive(sqlx::FromRow)]
struct AddOnRow {
    package_id: PackageId,
    key: String,
    name: String,
    price_cents: Cents,
    max_quantity: i32,
}

/// A published profile. Error: `SP_NOT_FOUND`.
pub async fn published(unit: &mut Unit, id: ServiceProfileId) -> Result<Profile, ProfileError> {
    let row: ProfileRow = sqlx::query_as(
        "select service_profile_id, user_id, handle, role, display_name, headline, city, currency,
                cancellation_policy, is_published, packages_version
         from profiles.service_profile where service_profile_id = $1 and is_published",
    )
    .bind(id)
    .fetch_optional(unit.conn())
    .await?
    .ok_or(ProfileError::NotFound)?;
    with_packages(unit, row).await
}

/// Whose profile it is, published or not, with its city.
pub async fn owner(unit: &mut Unit, id: ServiceProfileId) -> Result<Option<(UserId, String)>, sqlx::Error> {
    sqlx::query_as("select user_id, city from profiles.service_profile where service_profile_id = $1")
        .bind(id)
        .fetch_optional(unit.conn())
        .await
}

/// The seller's own profile, published or not, locked until the unit ends. Error: `SP_NOT_FOUND` also for another's.
pub(crate) async fn lock_own(
    unit: &mut Unit,
    id: ServiceProfileId,
    owner: UserId,
) -> Result<Profile, ProfileError> {
    let row: ProfileRow = sqlx::query_as(
        "select service_profile_id, user_id, handle, role, display_name, headline, city, currency,
                cancellation_policy, is_published, packages_version
         from profiles.service_profile where service_profile_id = $1 and user_id = $2 for update",
    )
    .bind(id)
    .bind(owner)
    .fetch_optional(unit.conn())
    .await?
    .ok_or(ProfileError::NotFound)?;
    with_packages(unit, row).await
}

async fn with_packages(unit: &mut Unit, row: ProfileRow) -> Result<Profile, ProfileError> {
    let packages: Vec<PackageRow> = sqlx::query_as(
        "select package_id, name, description, duration_minutes, price_cents, deliverables
         from profiles.service_package where service_profile_id = $1 and retired_at is null order by position",
    )
    .bind(row.service_profile_id)
    .fetch_all(unit.conn())
    .await?;
    let add_ons: Vec<AddOnRow> = sqlx::query_as(
        "select a.package_id, a.key, a.name, a.price_cents, a.max_quantity
         from profiles.package_add_on a join profiles.service_package p using (package_id)
         where p.service_profile_id = $1 and p.retired_at is null order by a.package_id, a.position",
    )
    .bind(row.service_profile_id)
    .fetch_all(unit.conn())
    .await?;
    let mut extras: BTreeMap<PackageId, Vec<AddOn>> = BTreeMap::new();
    for AddOnRow { package_id, key, name, price_cents, max_quantity } in add_ons {
        extras.entry(package_id).or_default().push(AddOn { key, name, price_cents, max_quantity });
    }
    let packages = packages.into_iter().map(|package| Package {
        package_id: package.package_id,
        content: NewPackage {
            name: package.name,
            description: package.description,
            duration_minutes: package.duration_minutes,
            price_cents: package.price_cents,
            deliverables: package.deliverables,
            add_ons: extras.remove(&package.package_id).unwrap_or_default(),
        },
    });
    Ok(Profile {
        packages: packages.collect(),
        service_profile_id: row.service_profile_id,
        user_id: row.user_id,
        handle: row.handle,
        role: row.role,
        display_name: row.display_name,
        headline: row.headline,
        city: row.city,
        currency: row.currency,
        policy: row.cancellation_policy.0,
        is_published: row.is_published,
        packages_version: row.packages_version,
    })
}
