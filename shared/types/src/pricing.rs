//! What makes up a price: lines, and the enums that a leg is described with.

use serde::{Deserialize, Serialize};

use crate::Cents;

/// Which contract a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum LegType {
    /// Work of a person.
    Talent,
    /// Use of a place.
    Studio,
}

/// Roles of a person's service profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum ProfileRole {
    /// Model.
    Model,
    /// Photographer.
    Photographer,
    /// Videographer.
    Videographer,
    /// Creator.
    Creator,
    /// Seller of a fan subscription.
    Fansub,
}

/// How far a licence goes beyond the package's own use (§1.3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum LicenseTier {
    /// Commercial use.
    Commercial,
    /// Paid advertising.
    Ads,
    /// Commercial use that nobody else gets.
    Exclusive,
    /// All rights.
    Buyout,
}

impl LicenseTier {
    /// What the contract and the receipt say.
    pub fn words(self) -> &'static str {
        match self {
            LicenseTier::Commercial => "Commercial use",
            LicenseTier::Ads => "Commercial use including paid advertising",
            LicenseTier::Exclusive => "Exclusive commercial use",
            LicenseTier::Buyout => "Buyout of all rights",
        }
    }
}

/// What a line of a leg is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
pub enum LineKind {
    /// A talent package.
    Package,
    /// An add-on of a package.
    Extra,
    /// Rent of a studio.
    Rental,
    /// Surcharge for a larger crew.
    Crew,
    /// Cleaning of a studio.
    Cleaning,
    /// Surcharge for a peak time.
    Peak,
    /// Travel.
    Travel,
    /// Licensing.
    License,
    /// Adjustment by staff.
    Adjustment,
}

/// A priced line. `amount_cents` is `quantity` × `unit_price_cents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedLine {
    /// What the line is for.
    pub kind: LineKind,
    /// Shown on the quote, the contract and the receipt.
    pub name: String,
    /// How many units.
    pub quantity: i32,
    /// Price of one unit, cents.
    pub unit_price_cents: Cents,
    /// Price of the line, cents.
    pub amount_cents: Cents,
}

impl PricedLine {
    /// A line of `quantity` units; `None` when the amount does not fit.
    pub fn new(kind: LineKind, name: impl Into<String>, quantity: i32, unit: Cents) -> Option<PricedLine> {
        let amount_cents = unit.times(i64::from(quantity))?;
        Some(PricedLine { kind, name: name.into(), quantity, unit_price_cents: unit, amount_cents })
    }

    /// Sum of the lines, cents.
    pub fn total(lines: &[PricedLine]) -> Cents {
        lines.iter().map(|line| line.amount_cents).sum()
    }
}
