//! Outside services: one trait each, and the adapters behind it. Nothing here knows a business rule or the database.

pub mod esign;
pub mod stripe;
pub mod tax;
