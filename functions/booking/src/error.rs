//! Everything that can go wrong with a booking, and how each case looks to a client.

use documents::DocumentError;
use finance::FinanceError;
use profiles::ProfileError;
use rastup_providers::stripe::PaymentError;
use rastup_types::{ApiError, PublicError, TimeRange, pricing::LegType};
use studios::StudioError;

use crate::request::view::times;

/// Why a booking operation did not happen.
#[derive(Debug, thiserror::Error)]
pub enum BookingError {
    /// It does not exist, or the caller may not know of it.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The caller lacks the role.
    #[error("the caller lacks the role")]
    Forbidden,
    /// An argument is out of range.
    #[error("`{field}` {problem}")]
    Invalid {
        /// Name of the argument.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The order is not in a state that allows it.
    #[error("wrong state: {0}")]
    WrongState(&'static str),
    /// A document of a leg is not signed.
    #[error("documents are not signed")]
    DocsRequired,
    /// The studio's time is taken.
    #[error("the studio's time is taken")]
    StudioConflict,
    /// The time of a leg is taken; other times may be free.
    #[error("the time of a leg is taken")]
    Taken {
        /// Whose time.
        leg_type: LegType,
        /// Free times near it.
        alternatives: Vec<TimeRange>,
    },
    /// A leg cannot be confirmed, so none is.
    #[error("a leg cannot be confirmed: {0}")]
    AtomicFail(&'static str),
    /// The buyer has to finish a card step.
    #[error("the card needs an action of the buyer")]
    CardActionRequired,
    /// The buyer has to finish linking the bank.
    #[error("the bank account is not verified")]
    AchNotVerified,
    /// The payment was declined or given up.
    #[error("the payment failed")]
    PaymentFailed {
        /// The provider's code, such as `card_declined`, when it gave one.
        code: Option<String>,
    },
    /// The talent's offer.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The studio's offer.
    #[error(transparent)]
    Studio(#[from] StudioError),
    /// Document packs.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Prices, charges and payouts.
    #[error(transparent)]
    Finance(#[from] FinanceError),
    /// The payment provider.
    #[error(transparent)]
    Payments(#[from] PaymentError),
    /// What shared code refused, already in public form.
    #[error(transparent)]
    Shared(#[from] ApiError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl PublicError for BookingError {
    fn public(&self) -> ApiError {
        match self {
            BookingError::NotFound(what) => ApiError::not_found(what),
            BookingError::Forbidden => ApiError::forbidden(),
            BookingError::Invalid { field, problem } => ApiError::invalid(field, problem),
            BookingError::WrongState(message) => ApiError::wrong_state(*message),
            BookingError::DocsRequired => ApiError::new(
                "CHK_DOCS_REQUIRED",
                "Not every document of this order is signed.",
                "Have every party sign the documents of each leg, then pay.",
            ),
            BookingError::StudioConflict => ApiError::new(
                "CHK_STUDIO_CONFLICT",
                "The studio is not available at this time.",
                "Choose another time or another studio.",
            ),
            BookingError::Taken { leg_type, alternatives } => {
                let error = match leg_type {
                    LegType::Studio => BookingError::StudioConflict,
                    LegType::Talent => BookingError::AtomicFail("the talent is not available at this time"),
                };
                error.public().with_details(serde_json::json!({ "alternatives": times(alternatives) }))
            }
            BookingError::AtomicFail(reason) => ApiError::new(
                "CHK_ATOMIC_FAIL",
                format!("The order cannot be confirmed: {reason}. Nothing is charged."),
                "Read the order, correct what does not fit and pay again.",
            ),
            BookingError::CardActionRequired => ApiError::new(
                "CHK_CARD_ACTION_REQUIRED",
                "The card needs a further step of yours.",
                "Finish the step with the client secret, then confirm again.",
            ),
            BookingError::AchNotVerified => ApiError::new(
                "CHK_ACH_NOT_VERIFIED",
                "The bank account is not linked yet.",
                "Finish linking the bank account, then confirm again.",
            ),
            BookingError::PaymentFailed { code } => {
                let error = ApiError::new(
                    "PAYMENT_FAILED",
                    "The payment did not go through. Nothing is charged.",
                    "Pay with another card or account.",
                );
                match code {
                    Some(code) => error.with_details(serde_json::json!({ "declineCode": code })),
                    None => error,
                }
            }
            BookingError::Profile(error) => error.public(),
            BookingError::Studio(error) => error.public(),
            BookingError::Document(error) => error.public(),
            BookingError::Finance(error) => error.public(),
            BookingError::Payments(error) => of_provider(error),
            BookingError::Shared(error) => error.clone(),
            BookingError::Database(_) => ApiError::internal(self),
        }
    }
}

fn of_provider(error: &PaymentError) -> ApiError {
    match error {
        PaymentError::Declined { code } => BookingError::PaymentFailed { code: Some(code.clone()) }.public(),
        PaymentError::ActionRequired => BookingError::CardActionRequired.public(),
        PaymentError::Unavailable(_) => ApiError::transient(error),
        PaymentError::UnexpectedState { .. } | PaymentError::KeyReused | PaymentError::Refused { .. } => {
            ApiError::internal(error)
        }
    }
}

impl From<BookingError> for ApiError {
    fn from(error: BookingError) -> ApiError {
        match error {
            // Keeps the distinction between a lost connection and a mistake of ours.
            BookingError::Database(error) => error.into(),
            other => other.public(),
        }
    }
}
