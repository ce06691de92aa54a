//! For tests only: rows that the tests of contexts above need, written by the context that owns the tables.

use chrono::NaiveDate;
use rastup_store::Unit;
use rastup_types::{
    Cents, PackageId, ServiceProfileId, UserId, policy::CancellationPolicy, pricing::ProfileRole,
};
use sqlx::types::Json;

/// A published seller with one package on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seller {
    /// The account.
    pub user_id: UserId,
    /// The profile.
    pub service_profile_id: ServiceProfileId,
    /// The package.
    pub package_id: PackageId,
}

/// Writes an account; again for the same person changes nothing.
pub async fn account(
    unit: &mut Unit,
    user_id: UserId,
    legal_name: &str,
    born: Option<NaiveDate>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into profiles.app_user (user_id, legal_name, email, date_of_birth, created_at)
         values ($1, $2, $3, $4, $5) on conflict (user_id) do nothing",
    )
    .bind(user_id)
    .bind(legal_name)
    .bind(format!("{user_id}@example.com"))
    .bind(born)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Writes a published profile with a two-hour package at `price`, 10 edited pictures, and the add-on `retouch`
/// (15.00 each, at most 10). City `houston`, standard cancellation policy.
pub async fn seller(
    unit: &mut Unit,
    user_id: UserId,
    role: ProfileRole,
    price: Cents,
) -> Result<Seller, sqlx::Error> {
    let born = NaiveDate::from_ymd_opt(1990, 5, 17);
    account(unit, user_id, "Sasha Seller", born).await?;
    let (service_profile_id, package_id, now): (ServiceProfileId, PackageId, _) =
        (unit.mint(), unit.mint(), unit.now());
    sqlx::query(
        "insert into profiles.service_profile
             (service_profile_id, user_id, handle, role, display_name, headline, city, cancellation_policy,
              packages_version, is_published, created_at, updated_at)
         values ($1, $2, $3, $4, 'Sasha Seller', 'Portraits in daylight', 'houston', $5, 1, true, $6, $6)",
    )
    .bind(service_profile_id)
    .bind(user_id)
    .bind(format!("h{}", &user_id.as_uuid().simple().to_string()[12..]))
    .bind(role)
    .bind(Json(CancellationPolicy::standard()))
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query(
        "insert into profiles.service_package
             (package_id, service_profile_id, position, name, description, duration_minutes, price_cents,
              deliverables, since_version, created_at)
         values ($1, $2, 0, 'Two-hour session', 'Two hours, one look', 120, $3, '10 edited pictures', 1, $4)",
    )
    .bind(package_id)
    .bind(service_profile_id)
    .bind(price)
    .bind(now)
    .execute(unit.conn())
    .await?;
    sqlx::query(
        "insert into profiles.package_add_on (package_id, key, position, name, price_cents, max_quantity)
         values ($1, 'retouch', 0, 'Extra retouched picture', 1500, 10)",
    )
    .bind(package_id)
    .execute(unit.conn())
    .await?;
    Ok(Seller { user_id, service_profile_id, package_id })
}

/// Takes a profile off the market.
pub async fn unpublish(unit: &mut Unit, id: ServiceProfileId) -> Result<(), sqlx::Error> {
    sqlx::query("update profiles.service_profile set is_published = false where service_profile_id = $1")
        .bind(id)
        .execute(unit.conn())
        .await?;
    Ok(())
}
