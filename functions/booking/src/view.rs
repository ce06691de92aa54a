//! Orders as GraphQL answers: the shapes of `schema/*.graphql`, nothing decided.

use finance::charges::Charge;
use rastup_store::Unit;
use rastup_types::{Actor, Cents, LbgId, policy::CancellationPolicy, pricing::PricedLine};
use serde_json::{Value, json};

use crate::{
    deposit::{self, Deposit},
    error::BookingError,
    order::{self, Leg},
    quote::LegQuote,
    time,
};

/// An order for a caller: what they may see of it.
pub async fn order(unit: &mut Unit, lbg_id: LbgId) -> Result<Value, BookingError> {
    let actor = unit.actor().clone();
    let whole = order::read(unit, lbg_id).await?;
    let sees_all = actor.reads_orders() || actor.user_id() == Some(whole.group.buyer_user_id);
    // The state is that of the whole order, whatever part of it a seller sees.
    let status = whole.status();
    let order = whole.visible_to(&actor)?;
    let charge = if sees_all { finance::charges::current(unit, lbg_id).await? } else { None };
    // A charge that Stripe does not know of yet cannot be paid: clients see it once they can.
    let charge = charge.filter(|charge| charge.payment_intent_id.is_some());
    let deposits = deposit::of_order(unit, lbg_id).await?;
    let mut legs = Vec::with_capacity(order.legs.len());
    for leg in &order.legs {
        let lines = order::lines(unit, leg.leg_id).await?;
        let newest = deposits.iter().find(|deposit| deposit.leg_id == leg.leg_id);
        legs.push(leg_json(leg, &lines, newest));
    }
    let group = &order.group;
    Ok(json!({
        "lbgId": group.lbg_id,
        "buyerUserId": group.buyer_user_id,
        "status": status,
        "city": group.city,
        "startAt": time::text(group.start_at),
        "endAt": time::text(group.end_at),
        "acceptanceUntil": group.acceptance_until.map(time::text),
        "legs": legs,
        "totalCents": order.total(),
        "currency": "USD",
        "charge": charge.as_ref().map(charge_json),
        "lastErrorCode": group.last_error_code.as_ref().filter(|_| sees_all),
        "createdAt": time::text(group.created_at),
    }))
}

/// True when the caller reads the order as staff, not as one of its parties.
pub fn is_read_by_staff(actor: &Actor, order: &Value) -> bool {
    let Some(user_id) = actor.user_id().map(|user_id| user_id.to_string()) else { return false };
    let sells = |leg: &Value| leg["sellerUserId"] == user_id.as_str();
    let is_party = order["buyerUserId"] == user_id.as_str()
        || order["legs"].as_array().is_some_and(|legs| legs.iter().any(sells));
    actor.reads_orders() && !is_party
}

fn leg_json(leg: &Leg, lines: &[PricedLine], deposit: Option<&Deposit>) -> Value {
    json!({
        "legId": leg.leg_id,
        "type": leg.leg_type,
        "status": leg.status,
        "title": leg.title,
        "sellerUserId": leg.seller_user_id,
        "serviceProfileId": leg.service_profile_id,
        "studioId": leg.studio_id,
        "startAt": time::text(leg.start_at),
        "endAt": time::text(leg.end_at),
        "lines": lines,
        "subtotalCents": leg.subtotal_cents,
        "serviceTaxCents": leg.service_tax_cents,
        "platformFeeCents": leg.platform_fee_cents,
        "platformFeeTaxCents": leg.platform_fee_tax_cents,
        "totalCents": leg.total_cents,
        "currency": "USD",
        "cancellationPolicy": policy_json(&leg.policy),
        "docPackId": leg.pack_id,
        "deposit": deposit.map(|deposit| json!({
            "depositId": deposit.deposit_id,
            "status": deposit.status,
            "authorizedCents": deposit.authorized_cents,
            "capturedCents": deposit.captured_cents,
        })),
    })
}

fn policy_json(policy: &CancellationPolicy) -> Vec<Value> {
    let bands = policy.bands.iter().map(|band| {
        json!({
            "fromHours": band.from_hours,
            "toHours": band.to_hours,
            "buyerRefundPct": band.buyer_refund_pct,
            "sellerPayoutPct": band.seller_payout_pct,
        })
    });
    bands.collect()
}

/// Quotes of legs with their sums.
pub fn quotes(legs: &[LegQuote]) -> Value {
    let sum = |part: fn(&LegQuote) -> Cents| legs.iter().map(part).sum::<Cents>();
    json!({
        "legs": legs.iter().map(quote_json).collect::<Vec<_>>(),
        "subtotalCents": sum(|leg| leg.price.subtotal),
        "serviceTaxCents": sum(|leg| leg.price.service_tax),
        "platformFeeCents": sum(|leg| leg.price.platform_fee),
        "platformFeeTaxCents": sum(|leg| leg.price.platform_fee_tax),
        "totalCents": sum(|leg| leg.price.total),
        "depositAuthCents": sum(|leg| leg.deposit),
        "currency": "USD",
    })
}

fn quote_json(leg: &LegQuote) -> Value {
    json!({
        "type": leg.leg_type,
        "title": leg.title,
        "startAt": time::text(leg.range.start()),
        "endAt": time::text(leg.range.end()),
        "lines": leg.lines,
        "subtotalCents": leg.price.subtotal,
        "serviceTaxCents": leg.price.service_tax,
        "platformFeeCents": leg.price.platform_fee,
        "platformFeeTaxCents": leg.price.platform_fee_tax,
        "totalCents": leg.price.total,
        "depositAuthCents": leg.deposit,
        "cancellationPolicy": policy_json(&leg.policy),
    })
}

fn charge_json(charge: &Charge) -> Value {
    json!({
        "chargeId": charge.charge_id,
        "paymentIntentId": charge.payment_intent_id.as_deref().unwrap_or_default(),
        "status": charge.status.public_name(),
        "method": charge.method,
        "amountCents": charge.amount,
    })
}
