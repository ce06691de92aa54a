//! Packages and their add-ons: what a seller may offer, as values. No I/O.

use std::collections::BTreeSet;

use rastup_types::{Cents, PackageId};
use serde::Deserialize;

use crate::ProfileError;

/// Packages of one profile (§1.1.P asks for one at least).
const PACKAGES_MAX: usize = 20;
/// Add-ons of one package; with the limits below, no line or sum leaves the range of a GraphQL `Int`.
const ADD_ONS_MAX: usize = 12;
/// Price of a package, cents (§1.1.P; the upper bound is a typing-error guard).
const PRICE_CENTS: std::ops::RangeInclusive<i64> = 1_000..=10_000_000;
/// Price of one unit of an add-on, cents (§1.1.P).
const ADD_ON_PRICE_CENTS: std::ops::RangeInclusive<i64> = 100..=1_000_000;
/// Length of a session, minutes (§1.1.P).
const DURATION_MINUTES: std::ops::RangeInclusive<i32> = 30..=1_440;
/// Units of one add-on.
const ADD_ON_QUANTITY: std::ops::RangeInclusive<i32> = 1..=50;

/// A package version as it is sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Identity of this version; a changed package is a new version with a new id.
    pub package_id: PackageId,
    /// What it is.
    pub content: NewPackage,
}

/// An add-on as it is sold.
pub type AddOn = NewAddOn;

/// What a seller wants to offer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPackage {
    /// Name, unique among the profile's packages.
    pub name: String,
    /// What happens.
    pub description: String,
    /// Length of the session, minutes.
    pub duration_minutes: i32,
    /// Price, cents.
    pub price_cents: Cents,
    /// What the buyer gets; goes into the contract.
    pub deliverables: String,
    /// Extras.
    #[serde(default, deserialize_with = "absent_or_null_as_none_chosen")]
    pub add_ons: Vec<NewAddOn>,
}

/// An extra that can be bought with a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAddOn {
    /// Stable name for choosing it.
    pub key: String,
    /// Shown name.
    pub name: String,
    /// Price of one unit, cents.
    pub price_cents: Cents,
    /// Most units of one order.
    pub max_quantity: i32,
}

fn absent_or_null_as_none_chosen<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<NewAddOn>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// Trims what was typed and checks every limit; the error names the first field that breaks one.
pub(crate) fn checked(packages: Vec<NewPackage>) -> Result<Vec<NewPackage>, ProfileError> {
    if packages.is_empty() || packages.len() > PACKAGES_MAX {
        return Err(ProfileError::invalid("packages", format!("must hold 1 to {PACKAGES_MAX} packages")));
    }
    let mut names = BTreeSet::new();
    let mut checked = Vec::with_capacity(packages.len());
    for (index, package) in packages.into_iter().enumerate() {
        let package = checked_package(package, &format!("packages[{index}]"))?;
        if !names.insert(package.name.to_lowercase()) {
            return Err(ProfileError::invalid(format!("packages[{index}].name"), "is used twice"));
        }
        checked.push(package);
    }
    Ok(checked)
}

fn checked_package(package: NewPackage, path: &str) -> Result<NewPackage, ProfileError> {
    let NewPackage { name, description, duration_minutes, price_cents, deliverables, add_ons } = package;
    let package = NewPackage {
        name: text(name, 1..=80, &format!("{path}.name"))?,
        description: text(description, 0..=2_000, &format!("{path}.description"))?,
        duration_minutes: within(duration_minutes, &DURATION_MINUTES, &format!("{path}.durationMinutes"))?,
        price_cents: Cents(within(price_cents.0, &PRICE_CENTS, &format!("{path}.priceCents"))?),
        deliverables: text(deliverables, 1..=1_000, &format!("{path}.deliverables"))?,
        add_ons: Vec::new(),
    };
    if add_ons.len() > ADD_ONS_MAX {
        return Err(ProfileError::invalid(
            format!("{path}.addOns"),
            format!("must hold at most {ADD_ONS_MAX} add-ons"),
        ));
    }
    let mut keys = BTreeSet::new();
    let mut checked = Vec::with_capacity(add_ons.len());
    for (index, add_on) in add_ons.into_iter().enumerate() {
        let path = format!("{path}.addOns[{index}]");
        if !is_key(&add_on.key) {
            let problem = "must start with a lower-case letter and have at most 40 of a-z, 0-9 and _";
            return Err(ProfileError::invalid(format!("{path}.key"), problem));
        }
        if !keys.insert(add_on.key.clone()) {
            return Err(ProfileError::invalid(format!("{path}.key"), "is used twice"));
        }
        checked.push(NewAddOn {
            name: text(add_on.name, 1..=80, &format!("{path}.name"))?,
            price_cents: Cents(within(
                add_on.price_cents.0,
                &ADD_ON_PRICE_CENTS,
                &format!("{path}.priceCents"),
            )?),
            max_quantity: within(add_on.max_quantity, &ADD_ON_QUANTITY, &format!("{path}.maxQuantity"))?,
            key: add_on.key,
        });
    }
    Ok(NewPackage { add_ons: checked, ..package })
}

fn is_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_lowercase())
        && key.len() <= 40
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn text(raw: String, length: std::ops::RangeInclusive<usize>, field: &str) -> Result<String, ProfileError> {
    let trimmed = raw.trim();
    if trimmed.chars().any(|c| c.is_control() && c != '\n') {
        return Err(ProfileError::invalid(field, "must not hold control characters"));
    }
    if !length.contains(&trimmed.chars().count()) {
        let problem = format!("must have {} to {} characters", length.start(), length.end());
        return Err(ProfileError::invalid(field, problem));
    }
    Ok(trimmed.to_owned())
}

fn within<T: PartialOrd + std::fmt::Display>(
    value: T,
    range: &std::ops::RangeInclusive<T>,
    field: &str,
) -> Result<T, ProfileError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(ProfileError::invalid(field, format!("must be {} to {}", range.start(), range.end())))
    }
}
