//! What can go wrong with profiles and packages, and how a client hears of it.

use rastup_types::{ApiError, PublicError};
use serde_json::json;

/// Failure of a profile operation.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No such profile, or not one the caller may know of.
    #[error("no such service profile")]
    NotFound,
    /// The profile does not sell this package (any more).
    #[error("the profile does not sell this package")]
    PackageNotFound,
    /// An argument is out of range; `field` is its path, such as `packages[1].priceCents`.
    #[error("`{field}` {problem}")]
    Invalid {
        /// Path of the argument.
        field: String,
        /// What is wrong with it, a fragment that follows the field.
        problem: String,
    },
    /// The caller lacks the role.
    #[error("the caller may not change profiles")]
    Forbidden,
    /// The database failed.
    #[error("failed to read or write profiles")]
    Database(#[from] sqlx::Error),
}

impl ProfileError {
    pub(crate) fn invalid(field: impl Into<String>, problem: impl Into<String>) -> ProfileError {
        ProfileError::Invalid { field: field.into(), problem: problem.into() }
    }
}

impl PublicError for ProfileError {
    fn public(&self) -> ApiError {
        match self {
            ProfileError::NotFound => ApiError::new(
                "SP_NOT_FOUND",
                "No such service profile.",
                "Check the id; the profile may be unpublished.",
            ),
            ProfileError::PackageNotFound => ApiError::new(
                "SP_NOT_FOUND",
                "The service profile does not sell this package.",
                "Read the profile's packages again; the seller may have changed them.",
            )
            .with_details(json!({ "field": "packageId" })),
            ProfileError::Invalid { field, problem } => ApiError::invalid(field, problem),
            ProfileError::Forbidden => ApiError::forbidden(),
            ProfileError::Database(error) => ApiError::internal(error),
        }
    }
}

impl From<ProfileError> for ApiError {
    fn from(error: ProfileError) -> ApiError {
        match error {
            // Keeps the distinction of transient failures.
            ProfileError::Database(error) => error.into(),
            other => other.public(),
        }
    }
}
