//! Finance against a real database and an in-memory Stripe: charges, the saga's steps, webhooks, ledger, payouts, receipts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where its fixture breaks"
)]

mod charges;
mod close;
mod constraints;
mod exports;
mod fees;
mod payouts;
mod pricing;
mod receipts;
mod saga;
mod scene;
mod wallet;
mod webhook_endpoint;
mod webhook_events;
