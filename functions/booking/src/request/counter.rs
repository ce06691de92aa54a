//! Answering a request with another offer: a new time, other lines, or both; the totals are quoted anew.

use rastup_providers::tax::TaxQuotes;
use rastup_store::{Caller, Store, Unit};
use rastup_types::{RequestId, TimeRange};
use serde_json::json;
use sqlx::types::Json;

use super::{
    COUNTERS_MAX, LineChange, Offer, Request, RequestStatus, RequestTrigger,
    answer::Turn,
    answer_by,
    offer::{changed_lines, priced},
    rows, told,
};
use crate::{
    alternatives,
    error::BookingError,
    instant,
    order::{Leg, Order},
    quote, window,
};

/// Puts another offer in place of a request; the side that made the request has to answer now.
/// Errors: `WRONG_STATE`, `NOT_FOUND`, `INPUT_INVALID`, `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL` (with other times).
pub async fn counter(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    request_id: RequestId,
    new_range: Option<TimeRange>,
    changes: &[LineChange],
    message: Option<&str>,
) -> Result<Request, BookingError> {
    let message = quote::text(message, "message")?;
    if new_range.is_none() && changes.is_empty() {
        return Err(BookingError::Invalid {
            field: "lineItemChanges",
            problem: "and a new time are both missing",
        });
    }
    let mut unit = store.unit(caller).await?;
    let Turn { order, request: mut prior, side } = Turn::take(&mut unit, request_id).await?;
    prior.check(side, RequestTrigger::Counter, unit.now())?;
    if prior.round >= COUNTERS_MAX {
        return Err(BookingError::WrongState("There were too many counter-offers: accept or decline."));
    }
    let leg = super::answer::leg_of(&order, &prior)?;
    let offer = other_offer(&mut unit, tax, &order, leg, &prior.offer, new_range, changes).await?;
    let place = Leg {
        start_at: offer.range.start(),
        end_at: offer.range.end(),
        blocked_from: offer.blocked.start(),
        blocked_until: offer.blocked.end(),
        ..leg.clone()
    };
    alternatives::refuse_taken(&mut unit, &place).await?;
    rows::end(&mut unit, &mut prior, RequestStatus::Countered, None).await?;
    let hours = instant::answer_hours(&mut unit, leg).await?;
    let now = unit.now();
    let request = Request {
        request_id: unit.mint(),
        status: RequestStatus::Pending,
        awaits: side.other(),
        counter_of: Some(prior.request_id),
        round: prior.round + 1,
        message,
        decline_reason: None,
        total_cents: offer.price.total,
        expires_at: answer_by(leg.leg_type, hours, now, offer.range.start()),
        offer: Json(offer),
        decided_at: None,
        created_at: now,
        ..prior
    };
    rows::insert(&mut unit, &request).await?;
    unit.publish(told("booking.request.countered", &request, &order, leg, side.other())).await?;
    unit.audit("request.counter", request.request_id, json!({ "counterOf": request.counter_of }));
    unit.commit().await?;
    Ok(request)
}

async fn other_offer(
    unit: &mut Unit,
    tax: &dyn TaxQuotes,
    order: &Order,
    leg: &Leg,
    prior: &Offer,
    new_range: Option<TimeRange>,
    changes: &[LineChange],
) -> Result<Offer, BookingError> {
    let range = new_range.unwrap_or(prior.range);
    let mut blocked = prior.blocked;
    if range != prior.range {
        if order.legs.len() > 1 {
            return Err(BookingError::WrongState(
                "An order with a talent and a studio keeps its time: decline and name another one.",
            ));
        }
        window::bookable(range, unit.now())?;
        if range.duration() != prior.range.duration() {
            return Err(BookingError::Invalid {
                field: "when",
                problem: "must be as long as the package takes",
            });
        }
        let (before, after) =
            (prior.range.start() - prior.blocked.start(), prior.blocked.end() - prior.range.end());
        blocked = range.widened(before, after);
    }
    let lines = changed_lines(&prior.lines, changes)?;
    let price = priced(unit, tax, &order.group.city, (leg.leg_type, leg.terms.role), &lines).await?;
    Ok(Offer { range, blocked, lines, price })
}
