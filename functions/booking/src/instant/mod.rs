//! Instant booking: legs within their seller's rules are agreed at once, the others become requests.

mod rules;

use chrono_tz::Tz;
use rastup_store::{Caller, Store, Unit};
use rastup_types::{AutoAcceptRuleId, LbgId, LegId, ServiceProfileId, StudioId, UserId, event::NewEvent};
use serde_json::json;

pub use rules::{Distance, Reason, Rules, Wish, decide};

use crate::{
    access,
    agreement::{self, Basis, LocationKind, Mode, OrderMode},
    alternatives,
    error::BookingError,
    lifecycle::LegStatus,
    order::{self, Leg},
    request::{self, Request},
};

/// What became of an instant booking.
#[derive(Debug, Clone, PartialEq)]
pub struct Booked {
    /// True when every leg is agreed: documents and payment may follow.
    pub agreed: bool,
    /// Why a leg's seller has to be asked.
    pub reasons: Vec<(LegId, Vec<Reason>)>,
    /// The requests that ask.
    pub requests: Vec<Request>,
}

/// Books the caller's draft at once where the sellers' rules allow it, and asks where they do not; a repetition
/// answers how it stands. Errors: `WRONG_STATE` for another mode, `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL` when a
/// leg's time is taken (with other times), `NOT_FOUND`.
pub async fn confirm(store: &Store, caller: &Caller, lbg_id: LbgId) -> Result<Booked, BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::lock_own(&mut unit, lbg_id).await?;
    let mode = agreement::mode(&mut unit, lbg_id).await?.filter(|mode| mode.mode == Mode::Ib);
    let mode = mode.ok_or(BookingError::WrongState("The order is not an instant booking."))?;
    let mut booked = Booked { agreed: true, reasons: Vec::new(), requests: Vec::new() };
    if agreement::is_agreed(&mut unit, &order).await? {
        return Ok(booked);
    }
    if !order.all(LegStatus::Draft) {
        return Err(BookingError::WrongState("The order is past its draft."));
    }
    if order.group.start_at <= unit.now() {
        return Err(BookingError::WrongState("The order's time has passed."));
    }
    let agreed = agreement::agreed_legs(&mut unit, lbg_id).await?;
    let asked = request::pending_of(&mut unit, lbg_id).await?;
    for leg in &order.legs {
        if agreed.contains(&leg.leg_id) {
            continue;
        }
        if let Some(waiting) = asked.iter().find(|request| request.leg_id == leg.leg_id) {
            booked.requests.push(waiting.clone());
            continue;
        }
        let rules = of_leg(&mut unit, leg).await?;
        let reasons = decide(rules.as_ref(), &wish(leg, &mode)?);
        if reasons.is_empty() {
            if let Err(error) = agreement::agree(&mut unit, leg, Basis::Rules).await {
                drop(unit);
                return Err(alternatives::told(store, caller, error, leg).await);
            }
        } else {
            booked.requests.push(request::open_for_leg(&mut unit, &order, leg, None).await?);
            booked.reasons.push((leg.leg_id, reasons));
        }
    }
    booked.agreed = booked.requests.is_empty();
    let facts = json!({ "agreed": booked.agreed, "requests": booked.requests.len() });
    unit.audit("checkout.instant_book", lbg_id, facts);
    unit.commit().await?;
    Ok(booked)
}

fn wish(leg: &Leg, mode: &OrderMode) -> Result<Wish, BookingError> {
    let zone: Tz = leg
        .terms
        .time_zone
        .parse()
        .map_err(|cause| BookingError::Shared(rastup_types::ApiError::internal(cause)))?;
    let distance = match (mode.location_kind, mode.travel_miles) {
        (LocationKind::Buyer, Some(miles)) => Distance::Miles(miles),
        (LocationKind::Buyer, None) => Distance::Unknown,
        (LocationKind::ProviderStudio | LocationKind::RentedStudio | LocationKind::Remote, _) => {
            Distance::None
        }
    };
    Ok(Wish { start: leg.start_at, zone, subtotal: leg.subtotal_cents, distance })
}

/// What rules are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A talent's profile.
    Profile(ServiceProfileId),
    /// A studio.
    Studio(StudioId),
}

async fn owner(unit: &mut Unit, subject: Subject) -> Result<Option<UserId>, sqlx::Error> {
    match subject {
        Subject::Profile(id) => Ok(profiles::owner(unit, id).await?.map(|(user_id, _)| user_id)),
        Subject::Studio(id) => studios::owner(unit, id).await,
    }
}

fn ids(subject: Subject) -> (Option<ServiceProfileId>, Option<StudioId>) {
    match subject {
        Subject::Profile(id) => (Some(id), None),
        Subject::Studio(id) => (None, Some(id)),
    }
}

/// Replaces the rules of the caller's own profile or studio; requests and orders that exist are untouched.
/// Errors: `NOT_FOUND` also for somebody else's, `INPUT_INVALID`.
pub async fn set_rules(
    store: &Store,
    caller: &Caller,
    subject: Subject,
    rules: &Rules,
) -> Result<(), BookingError> {
    let user_id = access::signed_in(&caller.actor)?;
    check(subject, rules)?;
    let mut unit = store.unit(caller).await?;
    if owner(&mut unit, subject).await? != Some(user_id) {
        return Err(BookingError::NotFound("profile or studio"));
    }
    let (rule_id, now, (profile, studio)): (AutoAcceptRuleId, _, _) = (unit.mint(), unit.now(), ids(subject));
    sqlx::query("delete from booking.autoaccept_rule where service_profile_id = $1 or studio_id = $2")
        .bind(profile)
        .bind(studio)
        .execute(unit.conn())
        .await?;
    sqlx::query(
        "insert into booking.autoaccept_rule
             (rule_id, owner_user_id, service_profile_id, studio_id, allow_ib, weekday_mask, min_price_cents,
              max_distance_mi, answer_hours, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(rule_id)
    .bind(user_id)
    .bind(profile)
    .bind(studio)
    .bind(rules.allow_ib)
    .bind(rules.weekday_mask)
    .bind(rules.min_price_cents)
    .bind(rules.max_distance_mi)
    .bind(rules.answer_hours)
    .bind(now)
    .execute(unit.conn())
    .await?;
    let changed =
        NewEvent::new("booking", "booking.autoaccept.changed").user(user_id).fact("allow_ib", rules.allow_ib);
    let changed = match subject {
        Subject::Profile(id) => changed.id("service_profile_id", id),
        Subject::Studio(id) => changed.id("studio_id", id),
    };
    unit.publish(changed).await?;
    let details = json!({ "allowIb": rules.allow_ib, "serviceProfileId": profile, "studioId": studio });
    unit.audit("autoaccept.set", rule_id, details);
    unit.commit().await?;
    Ok(())
}

fn check(subject: Subject, rules: &Rules) -> Result<(), BookingError> {
    let bad = |field, problem| Err(BookingError::Invalid { field, problem });
    if rules.weekday_mask.is_some_and(|mask| !(1..=127).contains(&mask)) {
        return bad("rules.weekdayMask", "must be 1 to 127");
    }
    if rules.min_price_cents.is_some_and(|least| !(0..=10_000_000).contains(&least.0)) {
        return bad("rules.minPriceCents", "must be 0 to 10000000");
    }
    if rules.max_distance_mi.is_some_and(|most| !(0..=500).contains(&most)) {
        return bad("rules.maxDistanceMi", "must be 0 to 500");
    }
    if rules.max_distance_mi.is_some() && matches!(subject, Subject::Studio(_)) {
        return bad("rules.maxDistanceMi", "means nothing for a studio");
    }
    if rules.answer_hours.is_some_and(|hours| !(6..=72).contains(&hours)) {
        return bad("rules.answerHours", "must be 6 to 72");
    }
    Ok(())
}

async fn of_leg(unit: &mut Unit, leg: &Leg) -> Result<Option<Rules>, sqlx::Error> {
    sqlx::query_as(
        "select allow_ib, weekday_mask, min_price_cents, max_distance_mi, answer_hours
         from booking.autoaccept_rule
         where owner_user_id = $3 and (studio_id = $2 or (service_profile_id = $1 and $2 is null))",
    )
    .bind(leg.service_profile_id)
    .bind(leg.studio_id)
    .bind(leg.seller_user_id)
    .fetch_optional(unit.conn())
    .await
}

/// How long the seller of a leg said to need for an answer, hours.
pub(crate) async fn answer_hours(unit: &mut Unit, leg: &Leg) -> Result<Option<i32>, sqlx::Error> {
    Ok(of_leg(unit, leg).await?.and_then(|rules| rules.answer_hours))
}
