//! The shape in which an error leaves the backend; each context has its own enum that turns into it.

use serde_json::Value;

/// A failure as a client sees it: never a cause, never personal data. The edge adds the correlation id.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// Public code, such as `CHK_DOCS_REQUIRED`.
    pub code: &'static str,
    /// What happened, in one present-tense sentence.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// True when the same call may succeed later.
    pub retryable: bool,
    /// Facts a client can act on, such as the names of missing variables.
    pub details: Option<Value>,
    /// What the log says; never sent to a client.
    pub cause: Option<String>,
}

/// A context's typed error.
pub trait PublicError {
    /// The error as a client sees it.
    fn public(&self) -> ApiError;
}

impl ApiError {
    /// An error that a retry does not help.
    pub fn new(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> ApiError {
        ApiError {
            code,
            message: message.into(),
            hint: hint.into(),
            retryable: false,
            details: None,
            cause: None,
        }
    }
    /// The same error, for which a retry helps.
    pub fn retryable(mut self) -> ApiError {
        self.retryable = true;
        self
    }
    /// The same error with facts for the client.
    pub fn with_details(mut self, details: Value) -> ApiError {
        self.details = Some(details);
        self
    }
    /// The same error with a cause for the log.
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> ApiError {
        self.cause = Some(cause.to_string());
        self
    }

    /// `INPUT_INVALID`: an argument is malformed or out of range.
    pub fn invalid(field: &str, problem: &str) -> ApiError {
        ApiError::new(
            "INPUT_INVALID",
            format!("`{field}` {problem}."),
            "Correct the argument and send it again.",
        )
        .with_details(serde_json::json!({ "field": field }))
    }
    /// `NOT_FOUND`: no such thing, or not one the caller may know of.
    pub fn not_found(what: &str) -> ApiError {
        ApiError::new("NOT_FOUND", format!("No such {what}."), "Check the id.")
    }
    /// `FORBIDDEN`: the caller may not do this.
    pub fn forbidden() -> ApiError {
        ApiError::new(
            "FORBIDDEN",
            "You may not do this.",
            "Sign in with an account that has the needed role.",
        )
    }
    /// `WRONG_STATE`: the thing exists, but not in a state that allows this.
    pub fn wrong_state(message: impl Into<String>) -> ApiError {
        ApiError::new("WRONG_STATE", message, "Read the current state and decide again.")
    }
    /// `INTERNAL`: unknown failure; the cause goes to the log only.
    pub fn internal(cause: impl std::fmt::Display) -> ApiError {
        ApiError::new(
            "INTERNAL",
            "Something went wrong on our side.",
            "Try again; quote the correlation id if it stays.",
        )
        .retryable()
        .caused_by(cause)
    }
    /// `TRANSIENT`: something outside did not answer; nothing was decided.
    pub fn transient(cause: impl std::fmt::Display) -> ApiError {
        ApiError::new("TRANSIENT", "A service we depend on did not answer.", "Try again in a moment.")
            .retryable()
            .caused_by(cause)
    }
}

#[cfg(feature = "sqlx")]
impl From<sqlx::Error> for ApiError {
    /// A failure of the database is internal; one of the connection is transient.
    fn from(error: sqlx::Error) -> ApiError {
        let transient = match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            // Class 40: serialisation failure and deadlock; class 57: the server is shutting down.
            sqlx::Error::Database(db) => {
                db.code().is_some_and(|code| code.starts_with("40") || code.starts_with("57"))
            }
            _ => false,
        };
        if transient { ApiError::transient(error) } else { ApiError::internal(error) }
    }
}
