//! What can go wrong with money, and what a client is told of it.

use rastup_providers::stripe::PaymentError;
use rastup_store::sqlx;
use rastup_types::{ApiError, Cents, PublicError};

/// A failure of a use case of finance.
#[derive(Debug, thiserror::Error)]
pub enum FinanceError {
    /// No fee rule holds for the city and role.
    #[error("no fee rule for {city} and {role}")]
    FeeRuleMissing {
        /// Normalised city code.
        city: String,
        /// Role, or `studio`.
        role: String,
    },
    /// No tax rates are known for the city.
    #[error("no tax rates for {city}")]
    TaxUnknown {
        /// Normalised city code.
        city: String,
    },
    /// No such charge, or not one of this order.
    #[error("no such charge")]
    NoSuchCharge,
    /// No such receipt, or not one the caller may see.
    #[error("no such receipt")]
    NoSuchReceipt,
    /// No such payout, or not one of this order.
    #[error("no such payout")]
    NoSuchPayout,
    /// The order has a live charge with another method, buyer or price.
    #[error("another charge is open")]
    AnotherChargeOpen,
    /// The buyer has not authorised the card yet.
    #[error("the card is not authorised")]
    CardNotAuthorized,
    /// The bank debit has not succeeded yet.
    #[error("the bank debit has not succeeded")]
    DebitNotSucceeded,
    /// The confirmation of this charge is being undone, or was: it may not be taken any more.
    #[error("the charge was given up")]
    GivenUp,
    /// The card or bank refused.
    #[error("the payment failed: {code}")]
    PaymentFailed {
        /// The provider's code, such as `card_declined`.
        code: String,
    },
    /// The payout is not due yet.
    #[error("the payout is not due yet")]
    PayoutNotDue,
    /// All payouts stand still while the daily close is red.
    #[error("all payouts are stopped")]
    PayoutsStopped,
    /// The seller has no account to be paid to, or it was paused by staff.
    #[error("the payout is paused")]
    PayoutPaused,
    /// The thing is in a state that does not allow this.
    #[error("wrong state: {0}")]
    WrongState(&'static str),
    /// A webhook's signature is missing, forged or stale.
    #[error("webhook signature refused")]
    InvalidSignature,
    /// A webhook is signed, but is not what Stripe sends.
    #[error("webhook body cannot be read")]
    UnreadableWebhook,
    /// Stripe tells of a refund that the undo which asked for it has not written down yet.
    #[error("the refund is not recorded yet")]
    RefundNotRecorded,
    /// The wallet does not hold what is asked of it.
    #[error("the wallet holds {available} cents only")]
    WalletInsufficient {
        /// What it holds.
        available: Cents,
    },
    /// The order's price changed since the wallet was applied to it.
    #[error("the wallet was applied to {at_price} cents, the order costs {price}")]
    WalletStale {
        /// The price then.
        at_price: Cents,
        /// The price now.
        price: Cents,
    },
    /// The merchant of record contradicts the tax settings.
    #[error("the merchant of record contradicts the tax settings: {0}")]
    MorMisconfigured(&'static str),
    /// More days or rows than one export may hold.
    #[error("the range is too large: {0}")]
    RangeTooLarge(&'static str),
    /// An argument is out of range.
    #[error("{field} {problem}")]
    Invalid {
        /// Its path.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// What shared code refused, already in public form.
    #[error(transparent)]
    Shared(#[from] ApiError),
    /// Amounts that must be equal are not: a bug, caught before it is written.
    #[error("{what}: expected {expected} cents, found {found}")]
    Mismatch {
        /// Which amounts.
        what: &'static str,
        /// What was agreed.
        expected: Cents,
        /// What was found.
        found: Cents,
    },
    /// The receipt could not be typeset.
    #[error("receipt not rendered: {0}")]
    ReceiptNotRendered(#[from] rastup_pdf::RenderError),
    /// Stripe did not do it.
    #[error("stripe: {0}")]
    Provider(#[from] PaymentError),
    /// What is stored cannot be read as what it should be.
    #[error("stored data cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

const OTHER_METHOD: &str = "Use another card or bank account.";

impl PublicError for FinanceError {
    fn public(&self) -> ApiError {
        match self {
            FinanceError::FeeRuleMissing { city, role } => ApiError::new(
                "FEE_RULE_MISSING",
                "No platform fee is set for this city and role.",
                "Choose a city that is served.",
            )
            .with_details(serde_json::json!({ "city": city, "role": role })),
            FinanceError::TaxUnknown { .. } => ApiError::invalid("city", "is not a city that is served"),
            FinanceError::NoSuchCharge => ApiError::not_found("charge"),
            FinanceError::NoSuchReceipt => ApiError::not_found("receipt"),
            FinanceError::NoSuchPayout => ApiError::not_found("payout"),
            FinanceError::AnotherChargeOpen => {
                ApiError::wrong_state("Another payment is open for this order.")
            }
            FinanceError::CardNotAuthorized => ApiError::new(
                "CHK_CARD_ACTION_REQUIRED",
                "The card payment is not authorised yet.",
                "Complete the payment with its client secret, then try again.",
            ),
            FinanceError::DebitNotSucceeded => ApiError::new(
                "CHK_ACH_NOT_VERIFIED",
                "The bank debit has not succeeded yet.",
                "Wait for the bank, or pay by card.",
            ),
            FinanceError::GivenUp => ApiError::new(
                "CHK_ATOMIC_FAIL",
                "The confirmation was given up; nothing is charged.",
                "Pay again.",
            ),
            FinanceError::PaymentFailed { code } => {
                ApiError::new("PAYMENT_FAILED", "The payment was refused.", OTHER_METHOD)
                    .with_details(serde_json::json!({ "reason": code }))
            }
            FinanceError::PayoutNotDue => ApiError::wrong_state("The payout is not due yet.").retryable(),
            FinanceError::PayoutsStopped => {
                ApiError::wrong_state("Payouts are stopped until the books agree.").retryable()
            }
            FinanceError::PayoutPaused => ApiError::wrong_state("The payout is paused."),
            FinanceError::WrongState(message) => ApiError::wrong_state(*message),
            FinanceError::InvalidSignature => ApiError::new(
                "INVALID_SIGNATURE",
                "The signature is missing, wrong or too old.",
                "Sign the raw body with an active secret.",
            ),
            FinanceError::UnreadableWebhook => ApiError::invalid("body", "is not an event of Stripe"),
            FinanceError::RefundNotRecorded => ApiError::transient(self),
            FinanceError::WalletInsufficient { available } => ApiError::new(
                "WALLET_INSUFFICIENT_FUNDS",
                "The wallet does not hold enough.",
                "Apply less, or pay the whole by card.",
            )
            .with_details(serde_json::json!({ "availableCents": available })),
            FinanceError::WalletStale { at_price, price } => ApiError::new(
                "WALLET_STALE_APPLY",
                "The order's price changed since the wallet was applied.",
                "Apply the wallet again, then pay.",
            )
            .with_details(serde_json::json!({ "appliedAtCents": at_price, "priceCents": price })),
            FinanceError::MorMisconfigured(problem) => ApiError::new(
                "MOR_MISCONFIGURED",
                format!("The merchant of record does not fit the tax settings: {problem}."),
                "Correct the tax settings of the city first.",
            ),
            FinanceError::RangeTooLarge(limit) => ApiError::new(
                "GL_EXPORT_RANGE_TOO_LARGE",
                format!("The range is too large: {limit}."),
                "Split it into smaller ranges.",
            ),
            FinanceError::Invalid { field, problem } => ApiError::invalid(field, problem),
            FinanceError::Shared(error) => error.clone(),
            FinanceError::ReceiptNotRendered(error) => ApiError::new(
                "RECEIPT_RENDER_FAIL",
                "The receipt's PDF could not be made.",
                "Its data is complete; the PDF is made again later.",
            )
            .retryable()
            .caused_by(error),
            FinanceError::Provider(error) => provider(error),
            FinanceError::Mismatch { .. } | FinanceError::Stored(_) | FinanceError::Database(_) => {
                ApiError::internal(self)
            }
        }
    }
}

fn provider(error: &PaymentError) -> ApiError {
    match error {
        PaymentError::Declined { code } => {
            ApiError::new("PAYMENT_FAILED", "The payment was refused.", OTHER_METHOD)
                .with_details(serde_json::json!({ "reason": code }))
        }
        PaymentError::ActionRequired => FinanceError::CardNotAuthorized.public(),
        PaymentError::UnexpectedState { .. } => {
            ApiError::wrong_state("The payment's state does not allow this.").caused_by(error)
        }
        PaymentError::Unavailable(_) => ApiError::transient(error),
        PaymentError::KeyReused | PaymentError::Refused { .. } => ApiError::internal(error),
    }
}

impl From<FinanceError> for ApiError {
    fn from(error: FinanceError) -> ApiError {
        match error {
            FinanceError::Database(cause) => cause.into(),
            FinanceError::Shared(error) => error,
            other => other.public(),
        }
    }
}
