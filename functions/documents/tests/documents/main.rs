//! Tests of the documents context against a real database, with the bucket and the e-signature service in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

mod documents_issue_worker;
mod documents_resolver;
mod esign_event_worker;
mod esign_webhook;
mod library;
mod packs;
mod world;
