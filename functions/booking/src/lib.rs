//! Bookings: orders of one talent and a studio, their calendar, documents-before-payment, the confirmation that takes
//! all legs or none, the session and its acceptance. Prices, charges and payouts belong to finance.

pub mod access;
pub mod agreement;
pub mod alternatives;
pub mod api;
pub mod attempt;
pub mod calendar;
pub mod checkout;
mod city;
pub mod confirm;
pub mod contract;
pub mod deposit;
pub mod deposit_hold;
mod error;
pub mod feed;
pub mod instant;
pub mod invite;
pub mod lifecycle;
pub mod order;
pub mod payment;
pub mod quote;
mod receipt;
pub mod request;
pub mod session;
pub mod settle;
pub mod start;
mod time;
pub mod view;
mod window;

pub use error::BookingError;
