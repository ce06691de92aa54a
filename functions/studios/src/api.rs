//! The GraphQL fields of `studios_resolver`: arguments in, use case, answer as the schema says.

use chrono::{DateTime, SecondsFormat, Utc};
use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, Cents, Currency, PublicError, StudioId, TimeRange, event::NewEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Studio, StudioError, StudioOffer, offer,
    quote::{Rate, Window},
    studio::published_by_slug,
};

#[derive(Deserialize)]
struct StudioArgs {
    slug: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuoteArgs {
    studio_id: StudioId,
    when: TimeRange,
    crew_size: Option<i32>,
}

/// Answers `Query.studio` and `Query.studioQuote`.
pub async fn handle(store: Store, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "studio") => {
            let args: StudioArgs = call.args()?;
            let mut unit = store.unit(&call.caller).await?;
            Ok(studio_json(&published_by_slug(&mut unit, &args.slug).await?))
        }
        ("Query", "studioQuote") => studio_quote(&store, &call).await,
        _ => Err(call.unknown_field()),
    }
}

async fn studio_quote(store: &Store, call: &Call) -> Result<Value, ApiError> {
    let args: QuoteArgs = call.args()?;
    let mut unit = store.unit(&call.caller).await?;
    if args.when.start() < unit.now() {
        return Err(StudioError::invalid("when", "must not start in the past").into());
    }
    let offered = offer(&mut unit, args.studio_id, args.when, args.crew_size).await;
    if let Some(event) = quote_event(&args, &offered) {
        unit.publish(event).await?;
        unit.commit().await?;
    }
    Ok(quote_json(&args.when, &offered?))
}

/// What analytics learn of a quote; nothing of a request that names no studio or is malformed.
fn quote_event(args: &QuoteArgs, offered: &Result<StudioOffer, StudioError>) -> Option<NewEvent> {
    let event = NewEvent::new("studios", "studio.quote.response")
        .id("studio_id", args.studio_id)
        .fact("start_at", instant(args.when.start()))
        .fact("end_at", instant(args.when.end()))
        .fact("crew_size", args.crew_size);
    match offered {
        Ok(offer) => Some(
            event
                .id("rate_id", offer.rate_id)
                .city(&offer.city)
                .money(offer.subtotal, Currency::USD)
                .fact("outcome", "priced")
                .fact("deposit_auth_cents", offer.deposit.0),
        ),
        Err(error @ (StudioError::RateNotFound(_) | StudioError::Blackout | StudioError::ConflictBuffer)) => {
            Some(event.fact("outcome", "refused").fact("code", error.public().code))
        }
        Err(
            StudioError::NotFound
            | StudioError::Invalid { .. }
            | StudioError::Unsound(_)
            | StudioError::Database(_),
        ) => None,
    }
}

fn quote_json(when: &TimeRange, offer: &StudioOffer) -> Value {
    json!({
        "studioId": offer.studio_id,
        "rateId": offer.rate_id,
        "startAt": instant(when.start()),
        "endAt": instant(when.end()),
        "lines": offer.lines,
        "subtotalCents": offer.subtotal,
        "currency": Currency::USD,
        "blockedRange": { "start": instant(offer.blocked.start()), "end": instant(offer.blocked.end()) },
        "depositAuthCents": offer.deposit,
    })
}

/// The public face; the exact address and the owner are left out.
fn studio_json(studio: &Studio) -> Value {
    json!({
        "studioId": studio.studio_id,
        "slug": studio.slug,
        "title": studio.title,
        "description": studio.description,
        "city": studio.city,
        "region": studio.region,
        "country": studio.country,
        "timeZone": studio.schedule.zone.name(),
        "capacityPeople": studio.schedule.capacity_people,
        "sizeSqft": studio.size_sqft,
        "amenities": studio.amenities,
        "houseRules": studio.house_rules,
        "verifiedStudio": studio.verified,
        "depositRequired": studio.deposit > Cents::ZERO,
        "depositAuthCents": studio.deposit,
        "priceFromCents": studio.schedule.price_from().unwrap_or_default(),
        "currency": studio.currency,
        "rates": studio.schedule.rates.iter().map(rate_json).collect::<Vec<_>>(),
        "cancellationPolicy": studio.policy.bands.iter().map(|band| json!({
            "fromHours": band.from_hours,
            "toHours": band.to_hours,
            "buyerRefundPct": band.buyer_refund_pct,
            "sellerPayoutPct": band.seller_payout_pct,
        })).collect::<Vec<_>>(),
        "isPublished": true,
    })
}

fn rate_json(rate: &Rate) -> Value {
    let Window { days, start_minute, end_minute } = rate.window;
    json!({
        "rateId": rate.rate_id,
        "kind": rate.kind,
        "name": rate.name,
        "dow": days.numbers(),
        "startLocal": wall_clock(start_minute),
        "endLocal": wall_clock(end_minute),
        "slotMinutes": rate.slot_minutes,
        "priceCents": rate.price,
        "minBookingMinutes": rate.min_minutes,
        "maxBookingMinutes": rate.max_minutes,
    })
}

fn wall_clock(minute: i32) -> String {
    format!("{:02}:{:02}:00", minute / 60, minute % 60)
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
