//! Places: studios, their price schedules and the quote engine. No people's profiles, no bookings, no taxes or fees.

pub mod api;
mod blackouts;
mod error;
#[cfg(feature = "fixtures")]
pub mod fixtures;
mod offer;
pub mod quote;
mod request;
mod studio;

pub use blackouts::blackouts_of_owner;
pub use error::{Refusal, StudioError};
pub use offer::{StudioOffer, offer};
pub use request::request_expired;
pub use studio::{Studio, owner, published};
