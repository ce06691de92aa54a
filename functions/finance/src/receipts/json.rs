//! Receipts as the GraphQL schema shows them.

use chrono::{DateTime, SecondsFormat, Utc};
use rastup_runtime::Objects;
use rastup_types::{ApiError, Cents};
use serde_json::{Value, json};

use super::{FrozenGroup, FrozenLeg, Order, Stored};

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn url<T: serde::de::DeserializeOwned + Send + Unpin + 'static>(
    stored: &Stored<T>,
    objects: &dyn Objects,
) -> Result<Option<String>, ApiError> {
    match &stored.pdf_key {
        Some(key) => objects.presigned_url(key).await.map(Some),
        None => Ok(None),
    }
}

/// `Receipt` of a leg. `refunded` is what was returned of it so far.
pub(crate) async fn leg_json(
    stored: &Stored<FrozenLeg>,
    refunded: Cents,
    objects: &dyn Objects,
) -> Result<Value, ApiError> {
    let FrozenLeg { leg, split, from_credit, paid_by, .. } = &stored.snapshot.0;
    Ok(json!({
        "receiptId": stored.receipt_id,
        "lbgId": stored.lbg_id,
        "legId": leg.leg_id,
        "legType": leg.leg_type,
        "title": leg.title,
        "startAt": time(leg.start_at),
        "endAt": time(leg.end_at),
        "lines": leg.lines,
        "subtotalCents": leg.price.subtotal,
        "serviceTaxCents": leg.price.service_tax,
        "taxLines": leg.price.tax_lines,
        "platformFeeCents": leg.price.platform_fee,
        "platformFeeTaxCents": leg.price.platform_fee_tax,
        "totalCents": leg.price.total,
        "splitCents": split,
        "creditsCents": from_credit,
        "refundedCents": refunded,
        "currency": "USD",
        "paymentIntentId": paid_by.payment_intent_id,
        "documents": leg.documents,
        "cancellationPolicy": leg.policy.bands.iter().map(|band| json!({
            "fromHours": band.from_hours,
            "toHours": band.to_hours,
            "buyerRefundPct": band.buyer_refund_pct,
            "sellerPayoutPct": band.seller_payout_pct,
        })).collect::<Vec<_>>(),
        "issuedAt": time(stored.issued_at),
        "pdfUrl": url(stored, objects).await?,
        "pdfSha256": stored.pdf_sha256,
    }))
}

/// `GroupReceipt` of an order: its legs, and the sums of them.
pub(crate) async fn group_json(order: &Order, objects: &dyn Objects) -> Result<Value, ApiError> {
    let group: &Stored<FrozenGroup> = &order.group;
    let mut legs = Vec::new();
    for (leg, refunded) in &order.legs {
        legs.push(leg_json(leg, *refunded, objects).await?);
    }
    let sum = |of: fn(&FrozenLeg) -> Cents| -> Cents {
        order.legs.iter().map(|(leg, _)| of(&leg.snapshot.0)).sum()
    };
    Ok(json!({
        "receiptId": group.receipt_id,
        "lbgId": group.lbg_id,
        "legs": legs,
        "subtotalCents": sum(|frozen| frozen.leg.price.subtotal),
        "serviceTaxCents": sum(|frozen| frozen.leg.price.service_tax),
        "platformFeeCents": sum(|frozen| frozen.leg.price.platform_fee),
        "platformFeeTaxCents": sum(|frozen| frozen.leg.price.platform_fee_tax),
        "totalCents": sum(|frozen| frozen.leg.price.total),
        "refundedCents": order.legs.iter().map(|(_, refunded)| *refunded).sum::<Cents>(),
        "depositAuthCents": group.snapshot.deposit_auth,
        "currency": "USD",
        "paymentMethod": group.snapshot.paid_by.method,
        "paymentIntentId": group.snapshot.paid_by.payment_intent_id,
        "issuedAt": time(group.issued_at),
        "pdfUrl": url(group, objects).await?,
        "pdfSha256": group.pdf_sha256,
    }))
}
