//! An order (linked booking group) with its legs, as the database keeps them. Prices and rules are decided elsewhere.

use chrono::{DateTime, Utc};
use finance::LegPrice;
use rastup_store::Unit;
use rastup_types::{
    Actor, Cents, LbgId, LegId, LineItemId, PackId, PackageId, ServiceProfileId, StudioId, TimeRange, UserId,
    policy::CancellationPolicy,
    pricing::{LegType, PricedLine, ProfileRole},
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{
    error::BookingError,
    lifecycle::{LegStatus, Trigger, group_status},
};

/// The container of one buyer's order.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Group {
    /// Identity.
    pub lbg_id: LbgId,
    /// Who books and pays.
    pub buyer_user_id: UserId,
    /// Normalised city code of the place of work.
    pub city: String,
    /// Start of the session, UTC.
    pub start_at: DateTime<Utc>,
    /// End of the session, UTC.
    pub end_at: DateTime<Utc>,
    /// Until when the buyer may report an issue; known once confirmed.
    pub acceptance_until: Option<DateTime<Utc>>,
    /// When every leg was accepted.
    pub completed_at: Option<DateTime<Utc>>,
    /// Code of the last failed payment or confirmation.
    pub last_error_code: Option<String>,
    /// When checkout began.
    pub created_at: DateTime<Utc>,
}

/// What the contract and the receipt say beyond the price; frozen with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What the seller delivers.
    pub deliverables: String,
    /// Where the work takes place: the buyer's words, or the studio's address.
    pub location_address: Option<String>,
    /// Licensed use, when narrower than the template's default.
    pub usage_scope: Option<String>,
    /// Role of the talent.
    pub role: Option<ProfileRole>,
    /// Name of the studio.
    pub studio_name: Option<String>,
    /// Rules of the studio.
    pub house_rules: Vec<String>,
    /// IANA time zone in which the contract states times.
    pub time_zone: String,
}

/// One contract with one seller.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Leg {
    /// Identity.
    pub leg_id: LegId,
    /// The order.
    pub lbg_id: LbgId,
    /// Talent or studio.
    #[sqlx(rename = "type")]
    pub leg_type: LegType,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// The talent's profile.
    pub service_profile_id: Option<ServiceProfileId>,
    /// The package version that was chosen.
    pub package_id: Option<PackageId>,
    /// The studio.
    pub studio_id: Option<StudioId>,
    /// Shown on the receipt.
    pub title: String,
    /// Start, UTC.
    pub start_at: DateTime<Utc>,
    /// End, UTC.
    pub end_at: DateTime<Utc>,
    /// Start with buffers.
    pub blocked_from: DateTime<Utc>,
    /// End with buffers and cleaning.
    pub blocked_until: DateTime<Utc>,
    /// Sum of the lines.
    pub subtotal_cents: Cents,
    /// Tax on the subtotal.
    pub service_tax_cents: Cents,
    /// The marketplace's fee.
    pub platform_fee_cents: Cents,
    /// Tax on the fee.
    pub platform_fee_tax_cents: Cents,
    /// All four together.
    pub total_cents: Cents,
    /// The whole quote, with taxes by jurisdiction and the fee rule.
    pub price: Json<LegPrice>,
    /// Card hold that the studio asks for; not part of the price.
    pub deposit_cents: Cents,
    /// What applies when the leg is cancelled.
    pub policy: Json<CancellationPolicy>,
    /// The rest of the contract.
    pub terms: Json<Terms>,
    /// The active document pack.
    pub pack_id: Option<PackId>,
    /// State.
    pub status: LegStatus,
}

/// An order with its legs, talent first.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// The container.
    pub group: Group,
    /// The legs.
    pub legs: Vec<Leg>,
}

impl Order {
    /// State of the order, derived from its legs.
    pub fn status(&self) -> LegStatus {
        group_status(&self.legs.iter().map(|leg| leg.status).collect::<Vec<_>>())
    }
    /// What the buyer pays, cents.
    pub fn total(&self) -> Cents {
        self.legs.iter().map(|leg| leg.total_cents).sum()
    }
    /// The leg of a kind.
    pub fn leg(&self, leg_type: LegType) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.leg_type == leg_type)
    }
    /// True when every leg is in the state.
    pub fn all(&self, status: LegStatus) -> bool {
        !self.legs.is_empty() && self.legs.iter().all(|leg| leg.status == status)
    }
    /// True until the order is paid.
    pub fn is_before_payment(&self) -> bool {
        self.legs.iter().all(|leg| leg.status.is_before_payment())
    }
    /// The order's time.
    pub fn range(&self) -> Result<TimeRange, BookingError> {
        TimeRange::new(self.group.start_at, self.group.end_at)
            .map_err(|cause| BookingError::Shared(rastup_types::ApiError::internal(cause)))
    }
    /// The part of the order that the caller may see: the buyer and staff all of it, a seller the legs of their own.
    /// Others learn nothing, not even that it exists.
    pub fn visible_to(mut self, actor: &Actor) -> Result<Order, BookingError> {
        if actor.reads_orders() || actor.user_id() == Some(self.group.buyer_user_id) {
            return Ok(self);
        }
        self.legs.retain(|leg| actor.user_id() == Some(leg.seller_user_id));
        if self.legs.is_empty() { Err(BookingError::NotFound("order")) } else { Ok(self) }
    }
}

impl Leg {
    /// The calendar resource that the leg takes.
    pub fn resource(&self) -> String {
        match self.studio_id {
            Some(studio_id) => format!("studio:{studio_id}"),
            None => format!("user:{}", self.seller_user_id),
        }
    }
}

/// Name of a kind of leg in events.
pub(crate) fn type_name(leg_type: LegType) -> &'static str {
    match leg_type {
        LegType::Talent => "talent",
        LegType::Studio => "studio",
    }
}

/// The order; error `NOT_FOUND`.
pub async fn read(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let group: Option<Group> = sqlx::query_as(
        "select lbg_id, buyer_user_id, city, start_at, end_at, acceptance_until, completed_at, last_error_code,
                created_at
         from booking.lbg where lbg_id = $1",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await?;
    with_legs(unit, group).await
}

/// The order, locked: whoever changes it next waits for this unit. Error: `NOT_FOUND`.
pub async fn lock(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let group: Option<Group> = sqlx::query_as(
        "select lbg_id, buyer_user_id, city, start_at, end_at, acceptance_until, completed_at, last_error_code,
                created_at
         from booking.lbg where lbg_id = $1 for update",
    )
    .bind(lbg_id)
    .fetch_optional(unit.conn())
    .await?;
    with_legs(unit, group).await
}

/// The order of the calling buyer, locked; error `NOT_FOUND` for anybody else's.
pub async fn lock_own(unit: &mut Unit, lbg_id: LbgId) -> Result<Order, BookingError> {
    let buyer = crate::access::buyer(unit.actor())?;
    let order = lock(unit, lbg_id).await?;
    if order.group.buyer_user_id == buyer { Ok(order) } else { Err(BookingError::NotFound("order")) }
}

async fn with_legs(unit: &mut Unit, group: Option<Group>) -> Result<Order, BookingError> {
    let group = group.ok_or(BookingError::NotFound("order"))?;
    let legs = sqlx::query_as(
        "select leg_id, lbg_id, type, seller_user_id, service_profile_id, package_id, studio_id, title, start_at,
                end_at, blocked_from, blocked_until, subtotal_cents, service_tax_cents, platform_fee_cents,
                platform_fee_tax_cents, total_cents, price, deposit_cents, policy, terms, pack_id, status
         from booking.booking_leg where lbg_id = $1 order by type desc",
    )
    .bind(group.lbg_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(Order { group, legs })
}

/// Orders of a buyer, newest first, older than `before`.
pub async fn of_buyer(
    unit: &mut Unit,
    buyer: UserId,
    before: Option<LbgId>,
    limit: i64,
) -> Result<Vec<LbgId>, sqlx::Error> {
    sqlx::query_scalar(
        "select lbg_id from booking.lbg
         where buyer_user_id = $1 and ($2::text is null or lbg_id < $2) order by lbg_id desc limit $3",
    )
    .bind(buyer)
    .bind(before)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// The order of a leg.
pub async fn group_of_leg(unit: &mut Unit, leg_id: LegId) -> Result<Option<LbgId>, sqlx::Error> {
    sqlx::query_scalar("select lbg_id from booking.booking_leg where leg_id = $1")
        .bind(leg_id)
        .fetch_optional(unit.conn())
        .await
}

/// Lines of a leg in order.
pub async fn lines(unit: &mut Unit, leg_id: LegId) -> Result<Vec<PricedLine>, sqlx::Error> {
    let rows: Vec<(_, String, i32, Cents, Cents)> = sqlx::query_as(
        "select kind, name, quantity, unit_price_cents, amount_cents
         from booking.line_item where leg_id = $1 order by position",
    )
    .bind(leg_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(kind, name, quantity, unit_price_cents, amount_cents)| PricedLine {
            kind,
            name,
            quantity,
            unit_price_cents,
            amount_cents,
        })
        .collect())
}

/// Writes a new order without legs.
pub async fn insert_group(
    unit: &mut Unit,
    buyer: UserId,
    city: &str,
    range: TimeRange,
) -> Result<LbgId, sqlx::Error> {
    let (lbg_id, now): (LbgId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into booking.lbg (lbg_id, buyer_user_id, city, start_at, end_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(lbg_id)
    .bind(buyer)
    .bind(city)
    .bind(range.start())
    .bind(range.end())
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(lbg_id)
}

/// Writes a new leg with its lines.
pub async fn insert_leg(unit: &mut Unit, leg: &Leg, lines: &[PricedLine]) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into booking.booking_leg
             (leg_id, lbg_id, type, seller_user_id, service_profile_id, package_id, studio_id, title, start_at,
              end_at, blocked_from, blocked_until, subtotal_cents, service_tax_cents, platform_fee_cents,
              platform_fee_tax_cents, total_cents, price, deposit_cents, policy, terms, status, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $23)",
    )
    .bind(leg.leg_id)
    .bind(leg.lbg_id)
    .bind(leg.leg_type)
    .bind(leg.seller_user_id)
    .bind(leg.service_profile_id)
    .bind(leg.package_id)
    .bind(leg.studio_id)
    .bind(&leg.title)
    .bind(leg.start_at)
    .bind(leg.end_at)
    .bind(leg.blocked_from)
    .bind(leg.blocked_until)
    .bind(leg.subtotal_cents)
    .bind(leg.service_tax_cents)
    .bind(leg.platform_fee_cents)
    .bind(leg.platform_fee_tax_cents)
    .bind(leg.total_cents)
    .bind(&leg.price)
    .bind(leg.deposit_cents)
    .bind(&leg.policy)
    .bind(&leg.terms)
    .bind(leg.status)
    .bind(now)
    .execute(unit.conn())
    .await?;
    for (position, line) in (0_i32..).zip(lines) {
        let line_item_id: LineItemId = unit.mint();
        sqlx::query(
            "insert into booking.line_item
                 (line_item_id, leg_id, position, kind, name, quantity, unit_price_cents, amount_cents)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(line_item_id)
        .bind(leg.leg_id)
        .bind(position)
        .bind(line.kind)
        .bind(&line.name)
        .bind(line.quantity)
        .bind(line.unit_price_cents)
        .bind(line.amount_cents)
        .execute(unit.conn())
        .await?;
    }
    Ok(())
}

/// Moves a leg along the table of the lifecycle. Error: `WRONG_STATE`.
pub async fn apply(unit: &mut Unit, leg: &mut Leg, trigger: Trigger) -> Result<(), BookingError> {
    let refused = BookingError::WrongState("A leg of the order is not in a state that allows this.");
    let next = leg.status.after(trigger).ok_or(refused)?;
    let now = unit.now();
    sqlx::query("update booking.booking_leg set status = $2, updated_at = $3 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(next)
        .bind(now)
        .execute(unit.conn())
        .await?;
    leg.status = next;
    Ok(())
}

/// Notes which pack binds the leg.
pub async fn set_pack(unit: &mut Unit, leg: &mut Leg, pack_id: Option<PackId>) -> Result<(), sqlx::Error> {
    sqlx::query("update booking.booking_leg set pack_id = $2 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(pack_id)
        .execute(unit.conn())
        .await?;
    leg.pack_id = pack_id;
    Ok(())
}

/// Changes what the contract of a leg says.
pub async fn set_terms(unit: &mut Unit, leg: &mut Leg, terms: Terms) -> Result<(), sqlx::Error> {
    leg.terms = Json(terms);
    sqlx::query("update booking.booking_leg set terms = $2 where leg_id = $1")
        .bind(leg.leg_id)
        .bind(&leg.terms)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// Notes why the last payment or confirmation failed, or that none did.
pub async fn set_last_error(unit: &mut Unit, lbg_id: LbgId, code: Option<&str>) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update booking.lbg set last_error_code = $2, updated_at = $3 where lbg_id = $1")
        .bind(lbg_id)
        .bind(code)
        .bind(now)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// Notes the confirmation, with the end of the acceptance window.
pub async fn set_confirmed(
    unit: &mut Unit,
    group: &mut Group,
    acceptance_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.lbg
         set confirmed_at = $2, acceptance_until = $3, last_error_code = null, updated_at = $2 where lbg_id = $1",
    )
    .bind(group.lbg_id)
    .bind(now)
    .bind(acceptance_until)
    .execute(unit.conn())
    .await?;
    group.acceptance_until = Some(acceptance_until);
    Ok(())
}

/// Notes the acceptance.
pub async fn set_completed(unit: &mut Unit, group: &mut Group) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query("update booking.lbg set completed_at = $2, updated_at = $2 where lbg_id = $1")
        .bind(group.lbg_id)
        .bind(now)
        .execute(unit.conn())
        .await?;
    group.completed_at = Some(now);
    Ok(())
}
