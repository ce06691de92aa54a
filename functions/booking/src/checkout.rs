//! Putting an order together: opening it with a talent and adding a studio. Documents and payment come after.

use rastup_providers::tax::TaxQuotes;
use rastup_store::{
    Caller, Store, Unit,
    idempotency::{self, Begun},
};
use rastup_types::{
    ApiError, Cents, Currency, LbgId, StudioId, TimeRange, UserId,
    event::NewEvent,
    pricing::{LegType, PricedLine},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    access, calendar, deposit,
    error::BookingError,
    lifecycle::Trigger,
    order::{self, Leg, Terms},
    payment,
    quote::{self, LegQuote, TalentChoice},
    start,
};

/// What a buyer wants to book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewOrder {
    /// The talent.
    pub leg: TalentChoice,
    /// When.
    pub when: TimeRange,
    /// Normalised city code of the place of work.
    pub city: String,
}

/// Opens an order with one talent leg; a repetition with the same `request_key` answers with the same order.
/// Errors: `SP_NOT_FOUND`, `FEE_RULE_MISSING`, `INPUT_INVALID`, `IDEMPOTENCY_CONFLICT`, `FORBIDDEN`.
pub async fn start(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    new: &NewOrder,
    request_key: Option<&str>,
) -> Result<LbgId, BookingError> {
    const OPERATION: &str = "startCheckout";
    let buyer = access::buyer(&caller.actor)?;
    let mut unit = store.unit(caller).await?;
    if let Some(key) = request_key
        && let Begun::Replay(answer) = idempotency::begin(&mut unit, OPERATION, key, new).await?
    {
        let known = serde_json::from_value(answer["lbgId"].clone());
        return known.map_err(|cause| ApiError::internal(cause).into());
    }
    let quote = quote::talent(&mut unit, tax, &new.leg, new.when, &new.city).await?;
    let lines = quote.lines.len();
    let lbg_id = open(&mut unit, buyer, &new.city, new.when, vec![quote]).await?;
    unit.audit("checkout.start", lbg_id, json!({ "lines": lines }));
    if let Some(key) = request_key {
        idempotency::finish(&mut unit, OPERATION, key, &json!({ "lbgId": lbg_id })).await?;
    }
    unit.commit().await?;
    Ok(lbg_id)
}

/// Writes a new order with the legs that were quoted. Error: `INPUT_INVALID` for what is the buyer's own.
pub(crate) async fn open(
    unit: &mut Unit,
    buyer: UserId,
    city: &str,
    when: TimeRange,
    quotes: Vec<LegQuote>,
) -> Result<LbgId, BookingError> {
    for quote in &quotes {
        refuse_own(buyer, quote, if quote.studio_id.is_some() { "studioId" } else { "leg" })?;
    }
    let lbg_id = order::insert_group(unit, buyer, city, when).await?;
    let about_order = |name| NewEvent::new("booking", name).id("lbg_id", lbg_id).user(buyer).city(city);
    unit.publish(about_order("lbg.create")).await?;
    let mut types = Vec::with_capacity(quotes.len());
    for quote in quotes {
        let (leg, _) = add_leg(unit, lbg_id, quote).await?;
        types.push(order::type_name(leg.leg_type));
        unit.publish(leg_created(&leg, buyer, city)).await?;
    }
    unit.publish(about_order("checkout.start").fact("leg_types", json!(types))).await?;
    Ok(lbg_id)
}

/// Adds a studio for the order's time; the same studio again changes nothing. A pack that was issued for the talent
/// is superseded, because the place of work changes.
/// Errors: `STUDIO_RATE_NOT_FOUND`, `STUDIO_BLACKOUT`, `CHK_STUDIO_CONFLICT`, `WRONG_STATE`, `NOT_FOUND`.
pub async fn attach_studio(
    store: &Store,
    tax: &dyn TaxQuotes,
    caller: &Caller,
    lbg_id: LbgId,
    studio_id: StudioId,
    crew_size: Option<i32>,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock_own(&mut unit, lbg_id).await?;
    match order.leg(LegType::Studio) {
        Some(leg) if leg.studio_id == Some(studio_id) && leg.terms.0.crew_size == crew_size => return Ok(()),
        Some(leg) if leg.studio_id == Some(studio_id) => {
            return Err(BookingError::WrongState("The studio is attached for another crew already."));
        }
        Some(_) => return Err(BookingError::WrongState("The order has another studio already.")),
        None => {}
    }
    if !order.is_before_payment() {
        return Err(BookingError::WrongState("The order is past checkout."));
    }
    start::refuse_asked(&mut unit, &order).await?;
    let charge = finance::charges::current(&mut unit, lbg_id).await?;
    if charge.is_some_and(|charge| payment::is_live(charge.status)) {
        return Err(BookingError::WrongState("The order has a payment under way."));
    }
    let quote =
        quote::studio(&mut unit, tax, studio_id, order.range()?, &order.group.city, crew_size).await?;
    refuse_own(order.group.buyer_user_id, &quote, "studioId")?;
    if calendar::is_studio_taken(&mut unit, studio_id, quote.blocked).await? {
        return Err(BookingError::StudioConflict);
    }
    let place = quote.terms.location_address.clone();
    let (studio_leg, _) = add_leg(&mut unit, lbg_id, quote).await?;
    for leg in &mut order.legs {
        move_to(&mut unit, leg, place.clone()).await?;
    }
    deposit::give_up_unplaced(&mut unit, lbg_id, None).await?;
    unit.publish(leg_created(&studio_leg, order.group.buyer_user_id, &order.group.city)).await?;
    unit.audit("checkout.attach_studio", lbg_id, json!({ "legId": studio_leg.leg_id }));
    unit.commit().await?;
    Ok(())
}

/// What the wallet pays of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// From the wallet, cents.
    pub applied: Cents,
    /// Price of the order, cents.
    pub price: Cents,
}

/// Asks the wallet to pay up to `max` of the order at its present price; it is debited when the payment is opened. Nothing
/// takes the request back. Errors: `WALLET_INSUFFICIENT_FUNDS`, `INPUT_INVALID`, `WRONG_STATE` while a payment is open,
/// `NOT_FOUND`.
pub async fn apply_wallet(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
    max: Cents,
) -> Result<Applied, BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock_own(&mut unit, lbg_id).await?;
    if !order.is_before_payment() {
        return Err(BookingError::WrongState("The order is past checkout."));
    }
    let charge = finance::charges::current(&mut unit, lbg_id).await?;
    if charge.is_some_and(|charge| payment::is_live(charge.status)) {
        return Err(BookingError::WrongState("The order has a payment under way."));
    }
    let (buyer, price) = (order.group.buyer_user_id, order.total());
    let applied = finance::wallet::apply(&mut unit, lbg_id, buyer, price, max).await?;
    unit.audit("checkout.apply_wallet", lbg_id, json!({ "appliedCents": applied, "priceCents": price }));
    unit.commit().await?;
    Ok(Applied { applied, price })
}

/// The work of a leg takes place elsewhere now; what was issued or signed does not bind any more.
async fn move_to(unit: &mut Unit, leg: &mut Leg, place: Option<String>) -> Result<(), BookingError> {
    if leg.pack_id.is_some() {
        documents::supersede(unit, leg.leg_id).await?;
        order::set_pack(unit, leg, None).await?;
    }
    let terms = Terms { location_address: place, ..leg.terms.0.clone() };
    order::set_terms(unit, leg, terms).await?;
    order::apply(unit, leg, Trigger::ChangeTerms).await
}

fn refuse_own(buyer: UserId, quote: &LegQuote, field: &'static str) -> Result<(), BookingError> {
    if quote.seller_user_id == buyer {
        return Err(BookingError::Invalid { field, problem: "is your own" });
    }
    Ok(())
}

async fn add_leg(
    unit: &mut Unit,
    lbg_id: LbgId,
    quote: LegQuote,
) -> Result<(Leg, Vec<PricedLine>), BookingError> {
    let price = quote.price.clone();
    let (leg, lines) = quote.into_leg(lbg_id, unit.mint());
    order::insert_leg(unit, &leg, &lines).await?;
    finance::record_tax_quote(unit, leg.leg_id, &price).await?;
    Ok((leg, lines))
}

fn leg_created(leg: &Leg, buyer: UserId, city: &str) -> NewEvent {
    let event = NewEvent::new("booking", "leg.create")
        .id("lbg_id", leg.lbg_id)
        .id("leg_id", leg.leg_id)
        .user(buyer)
        .city(city)
        .money(leg.total_cents, Currency::USD)
        .fact("leg_type", order::type_name(leg.leg_type));
    match leg.studio_id {
        Some(studio_id) => event.id("studio_id", studio_id),
        None => event,
    }
}
