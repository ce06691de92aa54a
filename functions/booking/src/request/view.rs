//! Requests as GraphQL answers; nothing decided, and nothing of the other side but its id.

use rastup_store::Unit;
use rastup_types::TimeRange;
use serde_json::{Value, json};

use super::{Request, RequestStatus, answer::leg_of};
use crate::{alternatives, error::BookingError, order, time};

/// A request, with other times for one that came to nothing and whose time is ahead.
pub async fn request(unit: &mut Unit, request: &Request) -> Result<Value, BookingError> {
    let order = order::read(unit, request.lbg_id).await?;
    let leg = leg_of(&order, request)?;
    let offer = &request.offer.0;
    let others = match request.status {
        RequestStatus::Declined | RequestStatus::Expired if offer.range.start() > unit.now() => {
            alternatives::near(unit, leg, offer.range).await?
        }
        RequestStatus::Pending
        | RequestStatus::Accepted
        | RequestStatus::Declined
        | RequestStatus::Countered
        | RequestStatus::Expired
        | RequestStatus::Withdrawn => Vec::new(),
    };
    Ok(json!({
        "requestId": request.request_id,
        "lbgId": request.lbg_id,
        "legId": request.leg_id,
        "legType": leg.leg_type,
        "title": leg.title,
        "buyerUserId": request.buyer_user_id,
        "sellerUserId": request.seller_user_id,
        "status": request.status,
        "awaits": request.awaits,
        "counterOf": request.counter_of,
        "round": request.round,
        "message": request.message,
        "declineReason": request.decline_reason,
        "startAt": time::text(offer.range.start()),
        "endAt": time::text(offer.range.end()),
        "lines": offer.lines,
        "subtotalCents": offer.price.subtotal,
        "serviceTaxCents": offer.price.service_tax,
        "platformFeeCents": offer.price.platform_fee,
        "platformFeeTaxCents": offer.price.platform_fee_tax,
        "totalCents": offer.price.total,
        "currency": "USD",
        "expiresAt": time::text(request.expires_at),
        "decidedAt": request.decided_at.map(time::text),
        "createdAt": time::text(request.created_at),
        "alternatives": times(&others),
    }))
}

/// Times as the schema says.
pub fn times(ranges: &[TimeRange]) -> Vec<Value> {
    let time =
        |range: &TimeRange| json!({ "startAt": time::text(range.start()), "endAt": time::text(range.end()) });
    ranges.iter().map(time).collect()
}
