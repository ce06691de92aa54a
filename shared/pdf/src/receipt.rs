//! Receipts of a leg and of a whole order (§1.3.O): their data and the sums they must satisfy. Their words are in `statement`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::engine::{self, Template};
use crate::{RenderError, statement};

/// Receipt of one leg. Amounts are integer cents of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptDocument {
    /// Name at the head of every page.
    pub brand: String,
    /// `rcp_…`
    pub receipt_id: String,
    /// `lbg_…`
    pub lbg_id: String,
    /// `leg_…`
    pub leg_id: String,
    /// What the leg is, in words: `Talent`, `Studio`.
    pub leg_kind: String,
    /// What was booked.
    pub title: String,
    /// Buyer and provider as they are printed; may be empty.
    pub parties: Vec<Party>,
    /// When the booking takes place.
    pub window: Window,
    /// Lines of the price; they make `subtotal_cents`.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub subtotal_cents: i64,
    /// Tax on the service.
    pub service_tax_cents: i64,
    /// The service tax by jurisdiction; empty, or lines that make `service_tax_cents`.
    pub tax_lines: Vec<TaxLine>,
    /// The platform's fee.
    pub platform_fee_cents: i64,
    /// Tax on the fee.
    pub platform_fee_tax_cents: i64,
    /// Subtotal, taxes and fee.
    pub total_cents: i64,
    /// Part of the order's charge that pays this leg.
    pub split_cents: i64,
    /// ISO 4217 code, upper case.
    pub currency: String,
    /// How the order was paid.
    pub payment: Payment,
    /// Cancellation policy as agreed, widest band first.
    pub cancellation_policy: Vec<PolicyBand>,
    /// Documents that the leg rests on.
    pub documents: Vec<DocumentReference>,
    /// What was paid back so far.
    pub refunds: Vec<Refund>,
    /// Where to open a dispute or ask for help; printed as it is.
    pub help_url: Option<String>,
    /// When the receipt was made; its date.
    pub issued_at: DateTime<Utc>,
}

/// Receipt of a whole order. Amounts are integer cents of `currency` and the sums of the legs'.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReceiptDocument {
    /// Name at the head of every page.
    pub brand: String,
    /// `rcp_…`
    pub receipt_id: String,
    /// `lbg_…`
    pub lbg_id: String,
    /// What was booked.
    pub title: String,
    /// The buyer, as printed; may be empty.
    pub parties: Vec<Party>,
    /// Receipts of the legs, in the order they are shown.
    pub legs: Vec<ReceiptDocument>,
    /// Sum of the subtotals.
    pub subtotal_cents: i64,
    /// Sum of the taxes on services.
    pub service_tax_cents: i64,
    /// Sum of the fees.
    pub platform_fee_cents: i64,
    /// Sum of the taxes on the fees.
    pub platform_fee_tax_cents: i64,
    /// Sum of the totals: the charge.
    pub total_cents: i64,
    /// Card hold for the studio; never part of the total. Zero: none.
    pub deposit_auth_cents: i64,
    /// ISO 4217 code, upper case.
    pub currency: String,
    /// How the order was paid.
    pub payment: Payment,
    /// Where to open a dispute or ask for help; printed as it is.
    pub help_url: Option<String>,
    /// When the receipt was made; its date.
    pub issued_at: DateTime<Utc>,
}

/// Someone named on a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// `Buyer`, `Photographer`, `Studio`.
    pub role: String,
    /// Name as it is printed.
    pub name: String,
}

/// When a booking takes place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Start.
    pub start_at: DateTime<Utc>,
    /// End.
    pub end_at: DateTime<Utc>,
    /// IANA name of the time zone to print in; none prints UTC.
    pub time_zone: Option<String>,
}

/// A line of the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub name: String,
    /// Units.
    pub quantity: i64,
    /// Price of a unit, cents.
    pub unit_price_cents: i64,
    /// Price of the line, cents.
    pub amount_cents: i64,
}

/// Tax of one jurisdiction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxLine {
    /// Name of the jurisdiction.
    pub jurisdiction: String,
    /// Rate in basis points.
    pub rate_bps: i32,
    /// Tax, cents.
    pub amount_cents: i64,
}

/// How an order was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// In words, without account numbers: `Card`, `Bank account (ACH)`.
    pub method: String,
    /// The provider's id of the payment: `pi_…`.
    pub intent_id: String,
}

/// What applies when a booking is cancelled in `[from_hours, to_hours)` before its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyBand {
    /// From this many hours before the start.
    pub from_hours: i32,
    /// Up to, not including; none is without end.
    pub to_hours: Option<i32>,
    /// Part the buyer gets back, percent.
    pub buyer_refund_pct: i32,
    /// Part the provider is paid, percent.
    pub seller_payout_pct: i32,
}

/// A signed or issued document and its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentReference {
    /// `doc_…`
    pub doc_id: String,
    /// Title.
    pub title: String,
    /// SHA-256, lowercase hex.
    pub sha256: String,
}

/// Money paid back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `rfd_…`
    pub refund_id: String,
    /// Why, in words.
    pub reason: String,
    /// Positive cents.
    pub amount_cents: i64,
    /// When.
    pub refunded_at: DateTime<Utc>,
}

/// Renders the receipt of a leg as PDF/A; equal documents give equal bytes, and one whose sums are wrong gives none.
pub fn render_receipt(document: &ReceiptDocument) -> Result<Vec<u8>, RenderError> {
    check_leg(document)?;
    let data = statement::leg_data(document)?;
    engine::render(Template::Receipt, data, &document.receipt_id, document.issued_at)
}

/// Renders the receipt of an order as PDF/A, under the rules of [`render_receipt`].
pub fn render_group_receipt(document: &GroupReceiptDocument) -> Result<Vec<u8>, RenderError> {
    check_group(document)?;
    let data = statement::group_data(document)?;
    engine::render(Template::Receipt, data, &document.receipt_id, document.issued_at)
}

fn check_leg(leg: &ReceiptDocument) -> Result<(), RenderError> {
    adds_up("subtotal", leg.lines.iter().map(|line| line.amount_cents), leg.subtotal_cents)?;
    if !leg.tax_lines.is_empty() {
        adds_up("service tax", leg.tax_lines.iter().map(|line| line.amount_cents), leg.service_tax_cents)?;
    }
    let parts =
        [leg.subtotal_cents, leg.service_tax_cents, leg.platform_fee_cents, leg.platform_fee_tax_cents];
    adds_up("total", parts.into_iter(), leg.total_cents)
}

fn check_group(group: &GroupReceiptDocument) -> Result<(), RenderError> {
    group.legs.iter().try_for_each(check_leg)?;
    let sum =
        |what, of: fn(&ReceiptDocument) -> i64, stated| adds_up(what, group.legs.iter().map(of), stated);
    sum("order subtotal", |leg| leg.subtotal_cents, group.subtotal_cents)?;
    sum("order service tax", |leg| leg.service_tax_cents, group.service_tax_cents)?;
    sum("order fee", |leg| leg.platform_fee_cents, group.platform_fee_cents)?;
    sum("order fee tax", |leg| leg.platform_fee_tax_cents, group.platform_fee_tax_cents)?;
    sum("order total", |leg| leg.total_cents, group.total_cents)?;
    sum("split", |leg| leg.split_cents, group.total_cents)
}

fn adds_up(what: &'static str, parts: impl Iterator<Item = i64>, stated: i64) -> Result<(), RenderError> {
    let parts: i128 = parts.map(i128::from).sum();
    if parts == i128::from(stated) { Ok(()) } else { Err(RenderError::Unbalanced { what, parts, stated }) }
}
