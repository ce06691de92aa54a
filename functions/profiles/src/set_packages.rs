//! Replacing the packages of a profile: unchanged ones stay, changed ones become new versions, missing ones retire.

use rastup_store::{Caller, Store, Unit};
use rastup_types::{PackageId, Role, ServiceProfileId, event::NewEvent, pricing::ProfileRole};
use serde_json::json;

use crate::{
    ProfileError,
    package::{NewPackage, Package, checked},
    profile::{Profile, lock_own},
};

/// Replaces what the caller's own profile sells and answers with the profile. The same packages again change nothing.
/// Errors: `FORBIDDEN` without the seller role, `SP_NOT_FOUND` also for another's profile, `INPUT_INVALID` with the
/// path of the field that breaks a limit.
pub async fn set_packages(
    store: &Store,
    caller: &Caller,
    service_profile_id: ServiceProfileId,
    packages: Vec<NewPackage>,
) -> Result<Profile, ProfileError> {
    let owner = match caller.actor.user_id() {
        Some(user_id) if caller.actor.has(Role::Seller) => user_id,
        Some(_) | None => return Err(ProfileError::Forbidden),
    };
    let mut unit = store.unit(caller).await?;
    let profile = lock_own(&mut unit, service_profile_id, owner).await?;
    let wanted = checked(packages)?;
    if profile.packages.iter().map(|package| &package.content).eq(wanted.iter()) {
        return Ok(profile);
    }
    let changed = write(&mut unit, profile, wanted).await?;
    unit.publish(update_event(&changed)).await?;
    let version = changed.packages_version;
    unit.audit("profile.set_packages", service_profile_id, json!({ "packages_version": version }));
    unit.commit().await?;
    Ok(changed)
}

async fn write(unit: &mut Unit, profile: Profile, wanted: Vec<NewPackage>) -> Result<Profile, ProfileError> {
    let now = unit.now();
    let version = profile.packages_version + 1;
    let kept: Vec<PackageId> = profile
        .packages
        .iter()
        .filter(|package| wanted.contains(&package.content))
        .map(|package| package.package_id)
        .collect();
    // Retired before the new versions are written, because a name is unique among what is on sale.
    sqlx::query(
        "update profiles.service_package set retired_at = $2
         where service_profile_id = $1 and retired_at is null and package_id <> all($3)",
    )
    .bind(profile.service_profile_id)
    .bind(now)
    .bind(&kept)
    .execute(unit.conn())
    .await?;
    let mut packages = Vec::with_capacity(wanted.len());
    for (position, content) in (0_i32..).zip(wanted) {
        let package = match profile.packages.iter().find(|package| package.content == content) {
            Some(package) => {
                move_to(unit, package.package_id, position).await?;
                package.clone()
            }
            None => insert(unit, &profile, version, position, content).await?,
        };
        packages.push(package);
    }
    sqlx::query(
        "update profiles.service_profile set packages_version = $2, updated_at = $3 where service_profile_id = $1",
    )
    .bind(profile.service_profile_id)
    .bind(version)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(Profile { packages, packages_version: version, ..profile })
}

async fn move_to(unit: &mut Unit, package_id: PackageId, position: i32) -> Result<(), sqlx::Error> {
    sqlx::query("update profiles.service_package set position = $2 where package_id = $1")
        .bind(package_id)
        .bind(position)
        .execute(unit.conn())
        .await?;
    Ok(())
}

async fn insert(
    unit: &mut Unit,
    profile: &Profile,
    version: i32,
    position: i32,
    content: NewPackage,
) -> Result<Package, sqlx::Error> {
    let (package_id, now): (PackageId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into profiles.service_package
             (package_id, service_profile_id, position, name, description, duration_minutes, price_cents,
              deliverables, since_version, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(package_id)
    .bind(profile.service_profile_id)
    .bind(position)
    .bind(&content.name)
    .bind(&content.description)
    .bind(content.duration_minutes)
    .bind(content.price_cents)
    .bind(&content.deliverables)
    .bind(version)
    .bind(now)
    .execute(unit.conn())
    .await?;
    for (place, add_on) in (0_i32..).zip(&content.add_ons) {
        sqlx::query(
            "insert into profiles.package_add_on (package_id, key, position, name, price_cents, max_quantity)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(package_id)
        .bind(&add_on.key)
        .bind(place)
        .bind(&add_on.name)
        .bind(add_on.price_cents)
        .bind(add_on.max_quantity)
        .execute(unit.conn())
        .await?;
    }
    Ok(Package { package_id, content })
}

fn update_event(profile: &Profile) -> NewEvent {
    let price_from = profile.packages.iter().map(|package| package.content.price_cents.0).min();
    NewEvent::new("profiles", "profile.update")
        .id("service_profile_id", profile.service_profile_id)
        .user(profile.user_id)
        .city(&profile.city)
        .fact("role", role_name(profile.role))
        .fact("changed", json!(["packages"]))
        .fact("packages_version", profile.packages_version)
        .fact("package_count", profile.packages.len())
        .fact("price_from_cents", price_from)
}

fn role_name(role: ProfileRole) -> &'static str {
    match role {
        ProfileRole::Model => "model",
        ProfileRole::Photographer => "photographer",
        ProfileRole::Videographer => "videographer",
        ProfileRole::Creator => "creator",
        ProfileRole::Fansub => "fansub",
    }
}
