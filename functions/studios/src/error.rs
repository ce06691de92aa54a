//! What can go wrong with a studio and its quote, and how a client hears of it.

use rastup_types::{ApiError, PublicError};
use serde_json::json;

/// Why no rate of a studio fits a request: the nearest miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No rate's window holds the whole time; crossing from one window into the next counts as this.
    OutsideWindows,
    /// The time lies in a window, but not on one of its slots.
    NotASlot {
        /// Length of a slot, minutes.
        slot_minutes: i32,
    },
    /// Shorter than the rate allows.
    TooShort {
        /// Least length, minutes.
        min_minutes: i32,
    },
    /// Longer than the rate allows.
    TooLong {
        /// Greatest length, minutes.
        max_minutes: i32,
    },
}

/// Failure of a studio operation.
#[derive(Debug, thiserror::Error)]
pub enum StudioError {
    /// No such studio, or not a published one.
    #[error("no such studio")]
    NotFound,
    /// No rate fits.
    #[error("no rate of the studio fits: {0:?}")]
    RateNotFound(Refusal),
    /// The studio is not for rent at that time.
    #[error("the studio is blacked out at that time")]
    Blackout,
    /// The time itself is free, its buffers or cleaning are not.
    #[error("buffers or cleaning fall into a blackout")]
    ConflictBuffer,
    /// An argument is out of range.
    #[error("`{field}` {problem}")]
    Invalid {
        /// Name of the argument.
        field: &'static str,
        /// What is wrong with it, a fragment that follows the field.
        problem: String,
    },
    /// A stored studio cannot be read; its writer has a defect.
    #[error("a stored studio is unsound: {0}")]
    Unsound(&'static str),
    /// The database failed.
    #[error("failed to read studios")]
    Database(#[from] sqlx::Error),
}

impl StudioError {
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> StudioError {
        StudioError::Invalid { field, problem: problem.into() }
    }
}

impl PublicError for Refusal {
    fn public(&self) -> ApiError {
        let (message, hint, details) = match self {
            Refusal::OutsideWindows => (
                "The studio has no rate for this time.".to_owned(),
                "Choose a time inside one window of the studio's rates.",
                json!({ "reason": "OUTSIDE_WINDOWS" }),
            ),
            Refusal::NotASlot { slot_minutes } => (
                format!("The studio is rented in slots of {slot_minutes} minutes at this time."),
                "Choose exactly one slot.",
                json!({ "reason": "NOT_A_SLOT", "slotMinutes": slot_minutes }),
            ),
            Refusal::TooShort { min_minutes } => (
                format!("The studio is rented for {min_minutes} minutes at least."),
                "Choose a longer time.",
                json!({ "reason": "TOO_SHORT", "minMinutes": min_minutes }),
            ),
            Refusal::TooLong { max_minutes } => (
                format!("The studio is rented for {max_minutes} minutes at most."),
                "Choose a shorter time.",
                json!({ "reason": "TOO_LONG", "maxMinutes": max_minutes }),
            ),
        };
        ApiError::new("STUDIO_RATE_NOT_FOUND", message, hint).with_details(details)
    }
}

impl PublicError for StudioError {
    fn public(&self) -> ApiError {
        match self {
            StudioError::NotFound => ApiError::not_found("studio"),
            StudioError::RateNotFound(refusal) => refusal.public(),
            StudioError::Blackout => ApiError::new(
                "STUDIO_BLACKOUT",
                "The studio is not for rent at this time.",
                "Choose another time.",
            ),
            StudioError::ConflictBuffer => ApiError::new(
                "STUDIO_CONFLICT_BUFFER",
                "The studio needs time around the booking that it does not have.",
                "Choose a time further away from the studio's closed times.",
            ),
            StudioError::Invalid { field, problem } => ApiError::invalid(field, problem),
            StudioError::Unsound(what) => ApiError::internal(what),
            StudioError::Database(error) => ApiError::internal(error),
        }
    }
}

impl From<StudioError> for ApiError {
    fn from(error: StudioError) -> ApiError {
        match error {
            // Keeps the distinction of transient failures.
            StudioError::Database(error) => error.into(),
            other => other.public(),
        }
    }
}
