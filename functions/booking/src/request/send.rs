//! Asking the sellers of a draft: one request for each leg that is not agreed yet.

use rastup_store::{Caller, Store, Unit};
use rastup_types::LbgId;
use serde_json::json;
use sqlx::types::Json;

use super::{Offer, Request, RequestStatus, Side, answer_by, rows, told};
use crate::{
    agreement, alternatives,
    error::BookingError,
    instant,
    lifecycle::LegStatus,
    order::{self, Leg, Order},
    quote,
};

/// Asks every seller of the caller's draft who has not agreed; a repetition answers with the requests that wait.
/// Errors: `WRONG_STATE` for a direct checkout or an order that is agreed, `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL`
/// when a leg's time is taken (with other times), `NOT_FOUND`.
pub async fn send(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    message: Option<&str>,
) -> Result<Vec<Request>, BookingError> {
    let message = quote::text(message, "message")?;
    let mut unit = store.unit(caller).await?;
    let order = order::lock_own(&mut unit, lbg_id).await?;
    if agreement::mode(&mut unit, lbg_id).await?.is_none() {
        return Err(BookingError::WrongState(
            "A direct checkout needs no request: its documents are signed.",
        ));
    }
    if !order.all(LegStatus::Draft) {
        return Err(BookingError::WrongState("The order is past its draft."));
    }
    if order.group.start_at <= unit.now() {
        return Err(BookingError::WrongState("The order's time has passed."));
    }
    let agreed = agreement::agreed_legs(&mut unit, lbg_id).await?;
    let mut requests = rows::pending(&mut unit, lbg_id).await?;
    let missing: Vec<&Leg> = order
        .legs
        .iter()
        .filter(|leg| !agreed.contains(&leg.leg_id) && !requests.iter().any(|r| r.leg_id == leg.leg_id))
        .collect();
    if missing.is_empty() {
        return match requests.is_empty() {
            true => Err(BookingError::WrongState("Every seller of the order has agreed already.")),
            false => Ok(requests),
        };
    }
    for leg in missing {
        requests.push(open(&mut unit, &order, leg, message.as_deref()).await?);
    }
    unit.audit("request.send", lbg_id, json!({ "requests": requests.len() }));
    unit.commit().await?;
    Ok(requests)
}

/// Opens the request for a leg inside a unit that holds the order's lock.
pub(crate) async fn open(
    unit: &mut Unit,
    order: &Order,
    leg: &Leg,
    message: Option<&str>,
) -> Result<Request, BookingError> {
    alternatives::refuse_taken(unit, leg).await?;
    let (now, offer) = (unit.now(), Offer::of(unit, leg).await?);
    let hours = instant::answer_hours(unit, leg).await?;
    let request = Request {
        request_id: unit.mint(),
        lbg_id: leg.lbg_id,
        leg_id: leg.leg_id,
        buyer_user_id: order.group.buyer_user_id,
        seller_user_id: leg.seller_user_id,
        status: RequestStatus::Pending,
        awaits: Side::Seller,
        counter_of: None,
        round: 0,
        message: message.map(str::to_owned),
        decline_reason: None,
        total_cents: offer.price.total,
        offer: Json(offer),
        expires_at: answer_by(leg.leg_type, hours, now, leg.start_at),
        decided_at: None,
        created_at: now,
    };
    rows::insert(unit, &request).await?;
    unit.publish(told("booking.request.sent", &request, order, leg, Side::Seller)).await?;
    Ok(request)
}
