//! Whether both sides have agreed on an order: its mode, and which legs are agreed. An order without a mode is a direct
//! checkout, to which the sellers agree by signing.

use chrono::{DateTime, Duration, Utc};
use rastup_store::Unit;
use rastup_types::{LbgId, LegId, RequestId, pricing::LicenseTier};
use serde::{Deserialize, Serialize};

use crate::{
    calendar,
    error::BookingError,
    order::{Leg, Order},
};

/// How an order reaches "both sides agreed" (§1.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "UPPERCASE")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Mode {
    /// The seller's rules decide.
    Ib,
    /// The seller answers a request.
    Rtb,
    /// The buyer awards an answer to an invite.
    Invite,
}

/// Where the work takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LocationKind {
    /// At a place of the buyer's: the talent travels.
    Buyer,
    /// In the talent's own studio.
    ProviderStudio,
    /// In a studio that is booked with the order.
    RentedStudio,
    /// Nowhere in particular.
    Remote,
}

/// What an order with a mode says beyond its legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct OrderMode {
    /// How it is agreed on.
    pub mode: Mode,
    /// Where the work takes place.
    pub location_kind: LocationKind,
    /// Licence beyond the package's own.
    pub license_tier: Option<LicenseTier>,
    /// Started miles to the buyer's place.
    pub travel_miles: Option<i32>,
}

/// Why a leg counts as agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The seller's rules accepted it.
    Rules,
    /// A request was accepted.
    Request(RequestId),
    /// The seller answered an invite and the buyer awarded it.
    Award,
}

/// How long what was agreed keeps its time unpaid: hours for an accepted request or award, one for an instant booking.
const AGREED_HOLD_HOURS: i64 = 24;
const INSTANT_HOLD_HOURS: i64 = 1;

/// Until when an agreement made now keeps the time; never beyond the start.
pub fn held_until(basis: Basis, now: DateTime<Utc>, start: DateTime<Utc>) -> DateTime<Utc> {
    let hours = match basis {
        Basis::Rules => INSTANT_HOLD_HOURS,
        Basis::Request(_) | Basis::Award => AGREED_HOLD_HOURS,
    };
    (now + Duration::hours(hours)).min(start)
}

/// Notes the mode of a new order.
pub async fn set_mode(unit: &mut Unit, lbg_id: LbgId, mode: &OrderMode) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into booking.order_mode (lbg_id, mode, location_kind, license_tier, travel_miles, created_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(lbg_id)
    .bind(mode.mode)
    .bind(mode.location_kind)
    .bind(mode.license_tier)
    .bind(mode.travel_miles)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// The mode of an order; `None` for a direct checkout.
pub async fn mode(unit: &mut Unit, lbg_id: LbgId) -> Result<Option<OrderMode>, sqlx::Error> {
    sqlx::query_as(
        "select mode, location_kind, license_tier, travel_miles from booking.order_mode where lbg_id = $1",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await
}

/// Legs of an order that are agreed.
pub async fn agreed_legs(unit: &mut Unit, lbg_id: LbgId) -> Result<Vec<LegId>, sqlx::Error> {
    sqlx::query_scalar("select leg_id from booking.leg_agreement where lbg_id = $1")
        .bind(lbg_id)
        .fetch_all(unit.conn())
        .await
}

/// True when documents and payment may follow: a direct checkout, or every leg agreed.
pub async fn is_agreed(unit: &mut Unit, order: &Order) -> Result<bool, sqlx::Error> {
    if mode(unit, order.group.lbg_id).await?.is_none() {
        return Ok(true);
    }
    let agreed = agreed_legs(unit, order.group.lbg_id).await?;
    Ok(order.legs.iter().all(|leg| agreed.contains(&leg.leg_id)))
}

/// Refuses what needs the agreement of both sides. Error: `WRONG_STATE`.
pub async fn require(unit: &mut Unit, order: &Order) -> Result<(), BookingError> {
    if is_agreed(unit, order).await? {
        return Ok(());
    }
    Err(BookingError::WrongState("Not every seller of the order has agreed to it yet."))
}

/// Notes that a leg is agreed and keeps its time for the buyer to sign and pay. The order is locked by the caller.
/// Errors: `CHK_STUDIO_CONFLICT`, `CHK_ATOMIC_FAIL` when the time was sold meanwhile; the unit is then to be dropped.
pub async fn agree(unit: &mut Unit, leg: &Leg, basis: Basis) -> Result<(), BookingError> {
    let now = unit.now();
    let (name, request_id) = match basis {
        Basis::Rules => ("rules", None),
        Basis::Request(request_id) => ("request", Some(request_id)),
        Basis::Award => ("award", None),
    };
    sqlx::query(
        "insert into booking.leg_agreement (leg_id, lbg_id, basis, request_id, agreed_at)
         values ($1, $2, $3, $4, $5)",
    )
    .bind(leg.leg_id)
    .bind(leg.lbg_id)
    .bind(name)
    .bind(request_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    calendar::hold_agreed(unit, leg, held_until(basis, now, leg.start_at)).await
}

/// What was agreed does not stand any more, because another leg of the order was refused: nothing keeps its time.
pub async fn dissolve(unit: &mut Unit, lbg_id: LbgId) -> Result<(), sqlx::Error> {
    sqlx::query("delete from booking.leg_agreement where lbg_id = $1")
        .bind(lbg_id)
        .execute(unit.conn())
        .await?;
    calendar::release_agreed(unit, lbg_id).await
}

#[cfg(test)]
mod tests {
    use rastup_types::id::TypedId;

    use super::*;

    #[test]
    fn an_agreement_keeps_the_time_for_a_day_an_instant_one_for_an_hour_never_beyond_the_start() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (now, request) =
            (at("2026-06-01T12:00:00Z"), Basis::Request(RequestId::from_uuid(Default::default())));
        for (basis, start, until) in [
            (Basis::Rules, "2026-06-20T12:00:00Z", "2026-06-01T13:00:00Z"),
            (Basis::Rules, "2026-06-01T12:30:00Z", "2026-06-01T12:30:00Z"),
            (request, "2026-06-20T12:00:00Z", "2026-06-02T12:00:00Z"),
            (Basis::Award, "2026-06-20T12:00:00Z", "2026-06-02T12:00:00Z"),
            (request, "2026-06-02T08:00:00Z", "2026-06-02T08:00:00Z"),
        ] {
            assert_eq!(held_until(basis, now, at(start)), at(until));
        }
    }
}
