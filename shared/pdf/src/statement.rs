//! The words of a receipt: facts, tables and sums as the template prints them. What the data must satisfy is in `receipt`.

use serde::Serialize;

use crate::page::{Fact, Head};
use crate::receipt::{
    DocumentReference, GroupReceiptDocument, Party, Payment, PolicyBand, ReceiptDocument, Refund,
};
use crate::text::{self, format_money, line};
use crate::{RenderError, fingerprint};

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    head: Head,
    facts: Vec<Fact>,
    legs: Vec<LegView>,
    order_sums: Vec<Sum>,
    payment: Vec<Fact>,
    notes: Vec<String>,
    refunds: Vec<[String; 4]>,
    policies: Vec<Policy>,
    documents: Vec<DocumentReference>,
}

#[derive(Serialize)]
struct LegView {
    heading: Option<String>,
    facts: Vec<Fact>,
    lines: Vec<[String; 4]>,
    sums: Vec<Sum>,
}

#[derive(Serialize)]
struct Sum {
    label: String,
    amount: String,
    total: bool,
}

#[derive(Serialize)]
struct Policy {
    heading: String,
    rows: Vec<[String; 3]>,
}

impl Sum {
    fn part(label: impl Into<String>, cents: i64, currency: &str) -> Sum {
        Sum { label: label.into(), amount: format_money(cents, currency), total: false }
    }

    fn total(label: impl Into<String>, cents: i64, currency: &str) -> Sum {
        Sum { total: true, ..Sum::part(label, cents, currency) }
    }
}

/// The data file of a leg's receipt.
pub(crate) fn leg_data(leg: &ReceiptDocument) -> Result<Vec<u8>, RenderError> {
    let references = vec![
        Fact::code("Booking", &leg.lbg_id),
        Fact::code("Leg", &leg.leg_id),
        Fact::code("Receipt", &leg.receipt_id),
    ];
    let kind = format!("Receipt · {}", leg.leg_kind);
    let mut facts = vec![Fact::text("When", &when(leg)?), Fact::text("Issued", &text::day(leg.issued_at))];
    facts.extend(parties(&leg.parties));
    let mut payment = paid_by(&leg.payment);
    payment.push(Fact::text("Charged for this service", &format_money(leg.split_cents, &leg.currency)));
    let mut notes = vec![
        "One payment covers every service of the booking; the amount above is this service's part."
            .to_owned(),
    ];
    notes.extend(help(leg.help_url.as_deref()));
    data(&View {
        head: Head::new(&leg.brand, &leg.title, &kind, references, &fingerprint(leg)?, leg.issued_at),
        facts,
        legs: vec![LegView {
            heading: None,
            facts: Vec::new(),
            lines: lines(leg),
            sums: leg_sums(leg, "Total"),
        }],
        order_sums: Vec::new(),
        payment,
        notes,
        refunds: refunds(&leg.refunds, &leg.currency),
        policies: policy("Cancellation policy".to_owned(), &leg.cancellation_policy).into_iter().collect(),
        documents: documents(&leg.documents),
    })
}

/// The data file of an order's receipt.
pub(crate) fn group_data(group: &GroupReceiptDocument) -> Result<Vec<u8>, RenderError> {
    let references = vec![Fact::code("Booking", &group.lbg_id), Fact::code("Receipt", &group.receipt_id)];
    let currency = group.currency.as_str();
    let mut facts = vec![
        Fact::text("Issued", &text::day(group.issued_at)),
        Fact::text("Services", &group.legs.len().to_string()),
    ];
    facts.extend(parties(&group.parties));
    let mut legs = Vec::with_capacity(group.legs.len());
    let mut paid_back: Vec<&Refund> = Vec::new();
    let mut papers: Vec<DocumentReference> = Vec::new();
    let mut policies = Vec::new();
    for leg in &group.legs {
        let heading = format!("{}: {}", line(&leg.leg_kind), line(&leg.title));
        policies
            .extend(policy(format!("Cancellation policy, {}", line(&leg.title)), &leg.cancellation_policy));
        let mut about = vec![Fact::text("When", &when(leg)?), Fact::code("Leg", &leg.leg_id)];
        about.extend(parties(&leg.parties));
        legs.push(LegView {
            heading: Some(heading),
            facts: about,
            lines: lines(leg),
            sums: leg_sums(leg, "Total of this service"),
        });
        paid_back.extend(&leg.refunds);
        papers.extend(documents(&leg.documents));
    }
    let mut payment = paid_by(&group.payment);
    payment.push(Fact::text("Charged", &format_money(group.total_cents, currency)));
    let mut notes = Vec::new();
    if group.deposit_auth_cents != 0 {
        payment.push(Fact::text("Studio deposit", &format_money(group.deposit_auth_cents, currency)));
        notes.push(
            "The studio deposit is a hold on the card, not a charge; it is not part of the total.".to_owned(),
        );
    }
    notes.extend(help(group.help_url.as_deref()));
    let refunded = refunded(paid_back.iter().copied());
    data(&View {
        head: Head::new(
            &group.brand,
            &group.title,
            "Receipt · Booking",
            references,
            &fingerprint(group)?,
            group.issued_at,
        ),
        facts,
        legs,
        order_sums: with_refunds(
            vec![
                Sum::part("Subtotal", group.subtotal_cents, currency),
                Sum::part("Service tax", group.service_tax_cents, currency),
                Sum::part("Platform fee", group.platform_fee_cents, currency),
                Sum::part("Tax on platform fee", group.platform_fee_tax_cents, currency),
                Sum::total("Total", group.total_cents, currency),
            ],
            group.total_cents,
            refunded,
            currency,
        ),
        payment,
        notes,
        refunds: refunds(paid_back, currency),
        policies,
        documents: papers,
    })
}

fn data(view: &View) -> Result<Vec<u8>, RenderError> {
    serde_json::to_vec(view).map_err(|error| RenderError::Typesetting(error.to_string()))
}

fn when(leg: &ReceiptDocument) -> Result<String, RenderError> {
    text::window(leg.window.start_at, leg.window.end_at, leg.window.time_zone.as_deref())
}

fn parties(parties: &[Party]) -> impl Iterator<Item = Fact> {
    parties.iter().map(|party| Fact::text(&party.role, &party.name))
}

fn paid_by(payment: &Payment) -> Vec<Fact> {
    vec![Fact::text("Method", &payment.method), Fact::code("Payment", &payment.intent_id)]
}

fn help(url: Option<&str>) -> Option<String> {
    url.map(|url| format!("Questions or a dispute: {}", line(url)))
}

fn lines(leg: &ReceiptDocument) -> Vec<[String; 4]> {
    let row = |item: &crate::Line| {
        [
            line(&item.name),
            item.quantity.to_string(),
            format_money(item.unit_price_cents, &leg.currency),
            format_money(item.amount_cents, &leg.currency),
        ]
    };
    leg.lines.iter().map(row).collect()
}

fn leg_sums(leg: &ReceiptDocument, total: &str) -> Vec<Sum> {
    let currency = leg.currency.as_str();
    let mut sums = vec![Sum::part("Subtotal", leg.subtotal_cents, currency)];
    if leg.tax_lines.is_empty() {
        sums.push(Sum::part("Service tax", leg.service_tax_cents, currency));
    }
    sums.extend(leg.tax_lines.iter().map(|tax| {
        let label = format!("Tax, {} ({})", line(&tax.jurisdiction), text::rate(tax.rate_bps));
        Sum::part(label, tax.amount_cents, currency)
    }));
    sums.push(Sum::part("Platform fee", leg.platform_fee_cents, currency));
    sums.push(Sum::part("Tax on platform fee", leg.platform_fee_tax_cents, currency));
    sums.push(Sum::total(total, leg.total_cents, currency));
    let refunded = refunded(&leg.refunds);
    with_refunds(sums, leg.total_cents, refunded, currency)
}

fn refunded<'a>(refunds: impl IntoIterator<Item = &'a Refund>) -> i64 {
    refunds.into_iter().fold(0, |sum, refund| sum.saturating_add(refund.amount_cents))
}

fn with_refunds(mut sums: Vec<Sum>, total: i64, refunded: i64, currency: &str) -> Vec<Sum> {
    if refunded != 0 {
        sums.push(Sum::part("Refunded", refunded.saturating_neg(), currency));
        sums.push(Sum::total("Paid after refunds", total.saturating_sub(refunded), currency));
    }
    sums
}

fn refunds<'a>(refunds: impl IntoIterator<Item = &'a Refund>, currency: &str) -> Vec<[String; 4]> {
    refunds
        .into_iter()
        .map(|refund| {
            [
                text::day(refund.refunded_at),
                text::code(&refund.refund_id),
                line(&refund.reason),
                format_money(refund.amount_cents, currency),
            ]
        })
        .collect()
}

fn policy(heading: String, bands: &[PolicyBand]) -> Option<Policy> {
    let row = |band: &PolicyBand| {
        let when = match band.to_hours {
            None => format!("{} or more before the start", text::hours(band.from_hours)),
            Some(to) if band.from_hours <= 0 => format!("Less than {} before the start", text::hours(to)),
            Some(to) => {
                let (from, to) = (text::hours(band.from_hours), text::hours(to));
                format!("At least {from}, less than {to} before the start")
            }
        };
        [when, format!("{}%", band.buyer_refund_pct), format!("{}%", band.seller_payout_pct)]
    };
    (!bands.is_empty()).then(|| Policy { heading, rows: bands.iter().map(row).collect() })
}

fn documents(documents: &[DocumentReference]) -> Vec<DocumentReference> {
    documents
        .iter()
        .map(|document| DocumentReference {
            doc_id: text::code(&document.doc_id),
            title: line(&document.title),
            sha256: text::hash(&document.sha256),
        })
        .collect()
}
