//! The context's own tests, on a database of their own and with the providers in memory: one module per promise.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

mod access;
mod calendar;
mod checkout;
mod confirm;
mod deposit;
mod feed;
mod handlers;
mod invites;
mod modes;
mod payment;
mod session;
mod support;
mod wallet;
