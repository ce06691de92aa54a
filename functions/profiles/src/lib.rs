//! People on the marketplace: accounts, service profiles and the packages they sell. No places, no bookings.

mod account;
pub mod api;
mod booking_terms;
mod error;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod offer;
mod package;
mod profile;
mod set_packages;

pub use account::{Account, account};
pub use booking_terms::{BookingTerms, LicensePrice, booking_terms, set_booking_terms};
pub use error::ProfileError;
pub use offer::{AddOnChoice, PackageOffer, offer};
pub use package::{AddOn, NewAddOn, NewPackage, Package};
pub use profile::{Profile, owner, published};
pub use set_packages::set_packages;
