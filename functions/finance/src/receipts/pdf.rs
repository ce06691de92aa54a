//! Receipts as PDF: rendered from the frozen data alone, so that rendering again gives the same bytes under the same key.

use rastup_pdf::{
    GroupReceiptDocument, Line, Party, Payment, PolicyBand, ReceiptDocument, TaxLine, Window, sha256_hex,
};
use rastup_runtime::Objects;
use rastup_store::{Caller, Store, sqlx};
use rastup_types::{ApiError, Cents, LbgId, ReceiptId, pricing::LegType, pricing::ProfileRole};

use super::{FrozenLeg, Order, PaidBy, Stored, of_lbg};
use crate::{FinanceError, Method};

const BRAND: &str = "RastUp";

/// Renders every receipt of an order that has no PDF yet and puts it into the bucket. Answers with how many were made.
pub async fn render(
    store: &Store,
    objects: &dyn Objects,
    caller: &Caller,
    lbg_id: LbgId,
) -> Result<usize, ApiError> {
    let mut unit = store.unit(caller).await?;
    let order = of_lbg(&mut unit, lbg_id, &caller.actor).await?;
    drop(unit);
    let mut made = 0;
    for (leg, _) in &order.legs {
        if leg.pdf_key.is_none() {
            let pdf = rastup_pdf::render_receipt(&leg_document(leg)).map_err(FinanceError::from)?;
            keep(store, objects, caller, lbg_id, leg.receipt_id, pdf).await?;
            made += 1;
        }
    }
    if order.group.pdf_key.is_none() {
        let pdf = rastup_pdf::render_group_receipt(&group_document(&order)).map_err(FinanceError::from)?;
        keep(store, objects, caller, lbg_id, order.group.receipt_id, pdf).await?;
        made += 1;
    }
    Ok(made)
}

async fn keep(
    store: &Store,
    objects: &dyn Objects,
    caller: &Caller,
    lbg_id: LbgId,
    receipt_id: ReceiptId,
    pdf: Vec<u8>,
) -> Result<(), ApiError> {
    let (key, sha256) = (format!("receipts/{lbg_id}/{receipt_id}.pdf"), sha256_hex(&pdf));
    objects.put(&key, "application/pdf", pdf).await?;
    let mut unit = store.unit(caller).await?;
    sqlx::query(
        "update finance.receipt set pdf_key = $2, pdf_sha256 = $3 where receipt_id = $1 and pdf_key is null",
    )
    .bind(receipt_id)
    .bind(key)
    .bind(sha256)
    .execute(unit.conn())
    .await?;
    unit.commit().await?;
    Ok(())
}

/// How it was paid; what wallet and credits paid of it is said beside the method.
fn payment(paid_by: &PaidBy, from_credit: Cents) -> Payment {
    let method = match paid_by.method {
        Method::Card => "Card",
        Method::AchDebit => "Bank account (ACH)",
    };
    let method = match from_credit {
        Cents::ZERO => method.to_owned(),
        credit => format!("{method}, and {} of credit", rastup_pdf::format_money(credit.0, "USD")),
    };
    Payment { method, intent_id: paid_by.payment_intent_id.clone() }
}

fn party(role: &str, name: &Option<String>) -> Option<Party> {
    name.as_ref().map(|name| Party { role: role.to_owned(), name: name.clone() })
}

fn provider_word(leg_type: LegType, role: Option<ProfileRole>) -> &'static str {
    match (leg_type, role) {
        (LegType::Studio, _) => "Studio",
        (LegType::Talent, Some(ProfileRole::Model)) => "Model",
        (LegType::Talent, Some(ProfileRole::Photographer)) => "Photographer",
        (LegType::Talent, Some(ProfileRole::Videographer)) => "Videographer",
        (LegType::Talent, Some(ProfileRole::Creator | ProfileRole::Fansub)) => "Creator",
        (LegType::Talent, None) => "Provider",
    }
}

fn leg_document(stored: &Stored<FrozenLeg>) -> ReceiptDocument {
    let FrozenLeg { leg, split, from_credit, paid_by, buyer_name, time_zone } = &stored.snapshot.0;
    let provider = provider_word(leg.leg_type, leg.role);
    ReceiptDocument {
        brand: BRAND.to_owned(),
        receipt_id: stored.receipt_id.to_string(),
        lbg_id: stored.lbg_id.to_string(),
        leg_id: leg.leg_id.to_string(),
        leg_kind: match leg.leg_type {
            LegType::Talent => "Talent".to_owned(),
            LegType::Studio => "Studio".to_owned(),
        },
        title: leg.title.clone(),
        parties: party("Buyer", buyer_name).into_iter().chain(party(provider, &leg.seller_name)).collect(),
        window: Window { start_at: leg.start_at, end_at: leg.end_at, time_zone: Some(time_zone.clone()) },
        lines: leg
            .lines
            .iter()
            .map(|line| Line {
                name: line.name.clone(),
                quantity: i64::from(line.quantity),
                unit_price_cents: line.unit_price_cents.0,
                amount_cents: line.amount_cents.0,
            })
            .collect(),
        subtotal_cents: leg.price.subtotal.0,
        service_tax_cents: leg.price.service_tax.0,
        tax_lines: leg
            .price
            .tax_lines
            .iter()
            .map(|line| TaxLine {
                jurisdiction: line.jurisdiction.clone(),
                rate_bps: line.rate_bps,
                amount_cents: line.amount_cents.0,
            })
            .collect(),
        platform_fee_cents: leg.price.platform_fee.0,
        platform_fee_tax_cents: leg.price.platform_fee_tax.0,
        total_cents: leg.price.total.0,
        split_cents: split.0,
        currency: "USD".to_owned(),
        payment: payment(paid_by, *from_credit),
        cancellation_policy: leg
            .policy
            .bands
            .iter()
            .map(|band| PolicyBand {
                from_hours: band.from_hours,
                to_hours: band.to_hours,
                buyer_refund_pct: band.buyer_refund_pct,
                seller_payout_pct: band.seller_payout_pct,
            })
            .collect(),
        documents: leg
            .documents
            .iter()
            .map(|document| rastup_pdf::DocumentReference {
                doc_id: document.doc_id.to_string(),
                title: document.title.clone(),
                sha256: document.sha256.clone(),
            })
            .collect(),
        // Frozen with the confirmation: what is returned later is on the receipt as data.
        refunds: Vec::new(),
        help_url: None,
        issued_at: stored.issued_at,
    }
}

fn group_document(order: &Order) -> GroupReceiptDocument {
    let group = &order.group;
    let sum = |of: fn(&FrozenLeg) -> Cents| -> i64 {
        order.legs.iter().map(|(leg, _)| of(&leg.snapshot.0)).sum::<Cents>().0
    };
    GroupReceiptDocument {
        brand: BRAND.to_owned(),
        receipt_id: group.receipt_id.to_string(),
        lbg_id: group.lbg_id.to_string(),
        title: group.snapshot.title.clone(),
        parties: party("Buyer", &group.snapshot.buyer_name).into_iter().collect(),
        legs: order.legs.iter().map(|(leg, _)| leg_document(leg)).collect(),
        subtotal_cents: sum(|frozen| frozen.leg.price.subtotal),
        service_tax_cents: sum(|frozen| frozen.leg.price.service_tax),
        platform_fee_cents: sum(|frozen| frozen.leg.price.platform_fee),
        platform_fee_tax_cents: sum(|frozen| frozen.leg.price.platform_fee_tax),
        total_cents: sum(|frozen| frozen.leg.price.total),
        deposit_auth_cents: group.snapshot.deposit_auth.0,
        currency: "USD".to_owned(),
        payment: payment(&group.snapshot.paid_by, Cents(sum(|frozen| frozen.from_credit))),
        help_url: None,
        issued_at: group.issued_at,
    }
}
