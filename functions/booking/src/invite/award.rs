//! Awarding an invite: each chosen offer becomes an order that both sides agree to, all of them or none.

use rastup_providers::tax::TaxQuotes;
use rastup_store::{Caller, Store};
use rastup_types::{Currency, InviteId, LbgId, ServiceProfileId};
use serde_json::json;

use super::{RecipientStatus, RecipientTrigger, close, respond, rows, told};
use crate::{
    access,
    agreement::{self, Basis},
    alternatives, checkout,
    error::BookingError,
    order,
    request::Side,
};

/// Books the offers of `chosen` and, when `closing`, ends the invite for the others. Who was awarded before keeps that
/// order, so a repetition answers the same. Errors: `NOT_FOUND`, `WRONG_STATE` when an offer does not stand any more,
/// `CHK_ATOMIC_FAIL` when a seller's time was sold (with free times).
pub async fn award(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    invite_id: InviteId,
    chosen: &[ServiceProfileId],
    closing: bool,
) -> Result<Vec<LbgId>, BookingError> {
    let buyer = access::buyer(&caller.actor)?;
    let mut unit = store.unit(caller).await?;
    let mut invite = rows::lock(&mut unit, invite_id).await?;
    if invite.buyer_user_id != buyer {
        return Err(BookingError::NotFound("invite"));
    }
    let mut recipients = rows::recipients(&mut unit, invite_id).await?;
    if chosen.iter().any(|id| !recipients.iter().any(|recipient| recipient.service_profile_id == *id)) {
        return Err(BookingError::Invalid {
            field: "recipientIds",
            problem: "names a profile that was not invited",
        });
    }
    if chosen.is_empty() && !closing {
        return Err(BookingError::Invalid { field: "recipientIds", problem: "is empty" });
    }
    let mut orders = Vec::with_capacity(chosen.len());
    let mut made = 0;
    // In the order of the rows, which is one for all: who books several never waits in a circle.
    for recipient in recipients.iter_mut().filter(|r| chosen.contains(&r.service_profile_id)) {
        if let (RecipientStatus::Awarded, Some(lbg_id)) = (recipient.status, recipient.lbg_id) {
            orders.push(lbg_id);
            continue;
        }
        invite.require_open(unit.now())?;
        let next = recipient.next(RecipientTrigger::Award)?;
        let answer = recipient.answer.clone().ok_or(BookingError::WrongState("There is no offer yet."))?.0;
        let offer = (answer.package_id, answer.extras.as_slice());
        let quote = respond::priced(&mut unit, tax, &invite, recipient.service_profile_id, offer).await?;
        if (quote.price.subtotal, quote.price.total) != (answer.subtotal_cents, answer.total_cents) {
            return Err(BookingError::WrongState(
                "The price of an offer has changed: ask its seller to answer anew.",
            ));
        }
        let lbg_id = checkout::open(&mut unit, buyer, &invite.city, invite.range()?, vec![quote]).await?;
        agreement::set_mode(&mut unit, lbg_id, &respond::order_mode(&invite)).await?;
        let order = order::read(&mut unit, lbg_id).await?;
        for leg in &order.legs {
            if let Err(error) = agreement::agree(&mut unit, leg, Basis::Award).await {
                drop(unit);
                return Err(alternatives::told(store, caller, error, leg).await);
            }
        }
        let total = answer.total_cents;
        rows::set(&mut unit, recipient, next, Some(answer), Some(lbg_id)).await?;
        let event = told("booking.invite.awarded", &invite, recipient, Side::Seller)
            .id("lbg_id", lbg_id)
            .money(total, Currency::USD);
        unit.publish(event).await?;
        orders.push(lbg_id);
        made += 1;
    }
    if closing && invite.closed_at.is_none() {
        close::close(&mut unit, &mut invite, &mut recipients).await?;
    }
    unit.audit("invite.award", invite_id, json!({ "awarded": made, "closed": closing }));
    unit.commit().await?;
    Ok(orders)
}
