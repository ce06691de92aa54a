//! Answering a request. Whoever answers holds the order's lock, so that of two answers the first counts.

use rastup_store::{Caller, Store, Unit};
use rastup_types::{LbgId, RequestId, UserId, pricing::LegType};
use serde_json::json;

use super::{Request, RequestStatus, RequestTrigger, Side, rows, told};
use crate::{
    access,
    agreement::{self, Basis},
    alternatives,
    error::BookingError,
    order::{self, Leg, Order},
    quote,
};

/// A request with its locked order, as one of its sides found it.
pub(super) struct Turn {
    pub(super) order: Order,
    pub(super) request: Request,
    pub(super) side: Side,
}

impl Turn {
    /// Locks the order of a request and reads the request behind the lock. Error: `NOT_FOUND` for a stranger, too.
    pub(super) async fn take(unit: &mut Unit, request_id: RequestId) -> Result<Turn, BookingError> {
        let user_id = access::signed_in(unit.actor())?;
        let lbg_id = rows::read(unit, request_id).await?.lbg_id;
        let order = order::lock(unit, lbg_id).await?;
        let request = rows::read(unit, request_id).await?;
        let side = request.side_of(user_id).ok_or(BookingError::NotFound("request"))?;
        Ok(Turn { order, request, side })
    }

    pub(super) fn leg(&self) -> Result<&Leg, BookingError> {
        leg_of(&self.order, &self.request)
    }
}

pub(super) fn leg_of<'a>(order: &'a Order, request: &Request) -> Result<&'a Leg, BookingError> {
    order.legs.iter().find(|leg| leg.leg_id == request.leg_id).ok_or(BookingError::NotFound("leg"))
}

/// Accepts the offer of a request: the leg takes its time and price, is agreed, and keeps its time for the buyer to
/// sign and pay. The side that accepted already gets the same answer again.
/// Errors: `WRONG_STATE`, `NOT_FOUND`, `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL` when the time was sold (with others).
pub async fn accept(store: &Store, caller: &Caller, request_id: RequestId) -> Result<Request, BookingError> {
    let mut unit = store.unit(caller).await?;
    let Turn { mut order, mut request, side } = Turn::take(&mut unit, request_id).await?;
    if request.status == RequestStatus::Accepted && request.awaits == side {
        return Ok(request);
    }
    request.check(side, RequestTrigger::Accept, unit.now())?;
    if request.offer.range.start() <= unit.now() {
        return Err(BookingError::WrongState("The offer's time has passed."));
    }
    rows::end(&mut unit, &mut request, RequestStatus::Accepted, None).await?;
    order::take_offer(&mut unit, &mut order, request.leg_id, &request.offer).await?;
    let leg = leg_of(&order, &request)?;
    if let Err(error) = agreement::agree(&mut unit, leg, Basis::Request(request_id)).await {
        drop(unit);
        return Err(alternatives::told(store, caller, error, leg).await);
    }
    unit.publish(told("booking.request.accepted", &request, &order, leg, side.other())).await?;
    unit.audit("request.accept", request_id, json!({ "legId": request.leg_id }));
    unit.commit().await?;
    Ok(request)
}

/// Declines a request: its order cannot go on, so what its other legs agreed to does not bind either.
/// Errors: `WRONG_STATE`, `NOT_FOUND`.
pub async fn decline(
    store: &Store,
    caller: &Caller,
    request_id: RequestId,
    reason: Option<&str>,
) -> Result<Request, BookingError> {
    let reason = quote::text(reason, "reason")?;
    let mut unit = store.unit(caller).await?;
    let mut turn = Turn::take(&mut unit, request_id).await?;
    if turn.request.status == RequestStatus::Declined && turn.request.awaits == turn.side {
        return Ok(turn.request);
    }
    turn.request.check(turn.side, RequestTrigger::Decline, unit.now())?;
    rows::end(&mut unit, &mut turn.request, RequestStatus::Declined, reason.as_deref()).await?;
    close_order(&mut unit, turn.order.group.lbg_id).await?;
    let event = told("booking.request.declined", &turn.request, &turn.order, turn.leg()?, turn.side.other());
    unit.publish(event).await?;
    unit.audit("request.decline", request_id, json!({ "legId": turn.request.leg_id }));
    unit.commit().await?;
    Ok(turn.request)
}

/// Takes a request back before it is answered. Errors: `WRONG_STATE`, `NOT_FOUND`.
pub async fn withdraw(
    store: &Store,
    caller: &Caller,
    request_id: RequestId,
) -> Result<Request, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut turn = Turn::take(&mut unit, request_id).await?;
    if turn.request.status == RequestStatus::Withdrawn && turn.request.awaits != turn.side {
        return Ok(turn.request);
    }
    turn.request.check(turn.side, RequestTrigger::Withdraw, unit.now())?;
    rows::end(&mut unit, &mut turn.request, RequestStatus::Withdrawn, None).await?;
    close_order(&mut unit, turn.order.group.lbg_id).await?;
    let event = told("booking.request.withdrawn", &turn.request, &turn.order, turn.leg()?, turn.side.other());
    unit.publish(event).await?;
    unit.audit("request.withdraw", request_id, json!({ "legId": turn.request.leg_id }));
    unit.commit().await?;
    Ok(turn.request)
}

/// One leg was refused, so the whole order is a draft again: its other requests end and nothing keeps its time.
pub(super) async fn close_order(unit: &mut Unit, lbg_id: LbgId) -> Result<(), BookingError> {
    for mut other in rows::pending(unit, lbg_id).await? {
        let order = order::read(unit, lbg_id).await?;
        rows::end(unit, &mut other, RequestStatus::Withdrawn, None).await?;
        let event = told("booking.request.withdrawn", &other, &order, leg_of(&order, &other)?, other.awaits);
        unit.publish(event).await?;
    }
    Ok(agreement::dissolve(unit, lbg_id).await?)
}

/// True for a request to a studio's host.
pub(super) fn is_to_host(leg: &Leg, request: &Request) -> Option<(rastup_types::StudioId, UserId)> {
    match (leg.leg_type, request.awaits) {
        (LegType::Studio, Side::Seller) => leg.studio_id.map(|studio_id| (studio_id, leg.seller_user_id)),
        (LegType::Studio, Side::Buyer) | (LegType::Talent, _) => None,
    }
}
