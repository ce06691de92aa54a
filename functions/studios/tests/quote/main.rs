//! The quote engine: worked examples (`golden`) and what holds for every studio and time (`properties`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its fixture breaks")]

mod golden;
mod properties;
mod studios;
