//! An order (linked booking group) with its legs: what it is and who may see it. Prices and moves are decided elsewhere.

mod reoffer;
mod rows;

use chrono::{DateTime, Utc};
use finance::LegPrice;
use rastup_types::{
    Actor, Cents, LbgId, LegId, PackId, PackageId, ServiceProfileId, StudioId, TimeRange, UserId,
    policy::CancellationPolicy,
    pricing::{LegType, ProfileRole},
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::{
    error::BookingError,
    lifecycle::{LegStatus, group_status},
};

pub(crate) use reoffer::take_offer;
pub use rows::{
    apply, group_of_leg, insert_group, insert_leg, lines, lock, lock_own, of_buyer, read, set_completed,
    set_confirmed, set_last_error, set_pack, set_terms,
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
    /// People whom the studio's price allows for; none when the buyer named no crew.
    pub crew_size: Option<i32>,
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
