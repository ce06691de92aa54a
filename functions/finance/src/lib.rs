//! Money: what a leg costs, the buyer's charge, the confirmation's capture and its undo, the ledger, fees, payouts and
//! receipts. What is booked and when is not here.

pub mod api;
pub mod charges;
pub mod close;
mod error;
pub mod exports;
pub mod fee_rules;
pub mod fees;
pub mod gate;
pub mod ledger;
pub mod mor;
pub mod payouts;
mod pricing;
pub mod receipts;
mod refunds;
pub mod saga;
pub mod stripe_events;
mod tax;
pub mod wallet;

pub use charges::{Charge, ChargeStatus, IntentSecret, Method, NewCharge, Purpose, Split};
pub use error::FinanceError;
pub use pricing::{FeeQuote, LegPrice, LegPricing, price_leg, quote_fee};
pub use rastup_providers::tax::{RateTable, TaxLine, TaxQuotes};
pub use receipts::{DocumentReference, LegSnapshot, ReceiptSnapshot};
pub use tax::record_tax_quote;
