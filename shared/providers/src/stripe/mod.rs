//! Payments as the marketplace needs them: charges on the platform account, separate transfers to sellers.

mod adapter;
#[cfg(test)]
mod adapter_tests;
mod balance;
#[cfg(feature = "fakes")]
mod fake;
pub mod signature;
mod transport;

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use rastup_types::{Cents, Currency};
use serde::{Deserialize, Serialize};

pub use adapter::{Stripe, StripeSecret};
pub use balance::{BalancePage, BalanceTransaction, BalanceTransactions};
#[cfg(feature = "fakes")]
pub use fake::{FakePayments, Fault};
pub use transport::STRIPE_VERSION;

/// How the buyer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaymentMethod {
    /// A card: authorised by the client, captured by the confirmation.
    Card,
    /// A bank debit: counts when it has succeeded.
    AchDebit,
}

/// State of a PaymentIntent, as Stripe names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// No usable method yet, or the last one was declined.
    RequiresPaymentMethod,
    /// A method waits for the confirmation.
    RequiresConfirmation,
    /// The buyer must act: 3-D Secure or a bank verification.
    RequiresAction,
    /// A bank debit is under way.
    Processing,
    /// Authorised, not captured.
    RequiresCapture,
    /// Cancelled; nothing was taken.
    Canceled,
    /// The money was taken.
    Succeeded,
}

/// A PaymentIntent.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentIntent {
    /// `pi_…`.
    pub id: String,
    /// State.
    pub status: IntentStatus,
    /// Amount asked for, cents.
    pub amount: Cents,
    /// Amount taken, cents.
    pub amount_received: Cents,
    /// For the client that confirms it; a secret.
    pub client_secret: Option<String>,
    /// `ch_…` of the latest attempt.
    pub latest_charge: Option<String>,
    /// `pm_…` in use.
    pub payment_method: Option<String>,
    /// Code of the last failure, such as `card_declined`.
    pub last_error_code: Option<String>,
    /// What we attached at creation.
    pub metadata: BTreeMap<String, String>,
}

/// What to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPaymentIntent {
    /// Cents.
    pub amount: Cents,
    /// Currency.
    pub currency: Currency,
    /// `cus_…`.
    pub customer: String,
    /// Card (manual capture) or bank debit (automatic).
    pub method: PaymentMethod,
    /// The LBG id: ties the transfers to the charge.
    pub transfer_group: String,
    /// Ids only, no personal data.
    pub metadata: BTreeMap<String, String>,
}

/// A card hold for a deposit, placed off session with a saved card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Cents.
    pub amount: Cents,
    /// Currency.
    pub currency: Currency,
    /// `cus_…`.
    pub customer: String,
    /// `pm_…` saved by the SetupIntent.
    pub payment_method: String,
    /// Ids only.
    pub metadata: BTreeMap<String, String>,
}

/// A SetupIntent.
#[derive(Clone, PartialEq, Eq)]
pub struct SetupIntent {
    /// `seti_…`.
    pub id: String,
    /// True when the card is saved.
    pub succeeded: bool,
    /// `pm_…` that was saved.
    pub payment_method: Option<String>,
    /// For the client that confirms it; a secret.
    pub client_secret: Option<String>,
}

// Written out, so that a client secret cannot reach a log by way of a structure that holds it.
impl fmt::Debug for PaymentIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("PaymentIntent");
        shown.field("id", &self.id).field("status", &self.status).field("amount", &self.amount);
        shown.field("amount_received", &self.amount_received).finish_non_exhaustive()
    }
}

impl fmt::Debug for SetupIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SetupIntent");
        shown.field("id", &self.id).field("succeeded", &self.succeeded).finish_non_exhaustive()
    }
}

/// Money returned to a buyer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// `re_…`.
    pub id: String,
    /// How far it is.
    pub status: RefundStatus,
}

/// A refund that was asked for before, with what tells whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRefund {
    /// The refund.
    pub refund: Refund,
    /// What it returns, cents.
    pub amount: Cents,
    /// What was attached when it was asked for.
    pub metadata: BTreeMap<String, String>,
}

/// State of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Under way, or waiting for somebody to act; Stripe will tell how it ends.
    Pending,
    /// The money is on its way to the buyer.
    Succeeded,
    /// The money came back, or never left.
    Failed,
}

impl RefundStatus {
    /// The state that Stripe names; a name that is not known yet counts as under way.
    pub fn from_name(name: &str) -> RefundStatus {
        match name {
            "succeeded" => RefundStatus::Succeeded,
            "failed" | "canceled" => RefundStatus::Failed,
            _ => RefundStatus::Pending,
        }
    }
}

/// Money sent to a seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTransfer {
    /// Cents.
    pub amount: Cents,
    /// Currency.
    pub currency: Currency,
    /// `acct_…`.
    pub destination: String,
    /// The LBG id.
    pub transfer_group: String,
    /// `ch_…` whose funds are sent.
    pub source_transaction: Option<String>,
    /// Ids only.
    pub metadata: BTreeMap<String, String>,
}

/// Why Stripe did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The card or bank said no.
    #[error("declined: {code}")]
    Declined {
        /// Stripe's code, such as `card_declined`.
        code: String,
    },
    /// The buyer must act first.
    #[error("the buyer must authenticate")]
    ActionRequired,
    /// The object's state does not allow it.
    #[error("unexpected state: {code}")]
    UnexpectedState {
        /// Stripe's code.
        code: String,
    },
    /// The same idempotency key came with other parameters: a bug of ours.
    #[error("idempotency key reused with other parameters")]
    KeyReused,
    /// Refused for another reason: a bug of ours or a setting of the account.
    #[error("refused: {code}")]
    Refused {
        /// Stripe's code.
        code: String,
    },
    /// No answer, or not one that decides anything; the call can be repeated with the same key.
    #[error("no answer: {0}")]
    Unavailable(String),
}

/// Stripe. Every `key` is the idempotency key of the call, derived from a row id.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Makes the customer of a buyer.
    async fn create_customer(
        &self,
        key: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<String, PaymentError>;
    /// Makes a PaymentIntent for the client to confirm.
    async fn create_payment_intent(
        &self,
        key: &str,
        new: &NewPaymentIntent,
    ) -> Result<PaymentIntent, PaymentError>;
    /// Reads a PaymentIntent.
    async fn payment_intent(&self, id: &str) -> Result<PaymentIntent, PaymentError>;
    /// Takes the authorised money.
    async fn capture(&self, key: &str, id: &str, amount: Cents) -> Result<PaymentIntent, PaymentError>;
    /// Gives up an uncaptured PaymentIntent.
    async fn cancel(&self, key: &str, id: &str) -> Result<PaymentIntent, PaymentError>;
    /// Makes a SetupIntent for the client to confirm.
    async fn create_setup_intent(
        &self,
        key: &str,
        customer: &str,
        metadata: BTreeMap<String, String>,
    ) -> Result<SetupIntent, PaymentError>;
    /// Reads a SetupIntent.
    async fn setup_intent(&self, id: &str) -> Result<SetupIntent, PaymentError>;
    /// Places a card hold off session.
    async fn place_hold(&self, key: &str, new: &NewHold) -> Result<PaymentIntent, PaymentError>;
    /// Returns money of a captured PaymentIntent.
    async fn refund(
        &self,
        key: &str,
        payment_intent: &str,
        amount: Cents,
        metadata: BTreeMap<String, String>,
    ) -> Result<Refund, PaymentError>;
    /// Reads the newest hundred refunds of a PaymentIntent, newest first.
    async fn refunds(&self, payment_intent: &str) -> Result<Vec<ListedRefund>, PaymentError>;
    /// Sends money to a seller; answers `tr_…`.
    async fn transfer(&self, key: &str, new: &NewTransfer) -> Result<String, PaymentError>;
}
