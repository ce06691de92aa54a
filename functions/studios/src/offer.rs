//! What a studio costs for a time and under which terms: the studio half of a quote, before fee and taxes.

use chrono_tz::Tz;
use rastup_store::Unit;
use rastup_types::{
    Cents, StudioId, StudioRateId, TimeRange, UserId, policy::CancellationPolicy, pricing::PricedLine,
};

use crate::{StudioError, quote, studio};

/// A studio as it would be booked now; the caller keeps the snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct StudioOffer {
    /// The place.
    pub studio_id: StudioId,
    /// Who is paid.
    pub owner_user_id: UserId,
    /// For orders and receipts.
    pub title: String,
    /// Normalised city code.
    pub city: String,
    /// The exact address: for the booking's own documents only.
    pub address_line: String,
    /// For showing times.
    pub time_zone: Tz,
    /// The rate that applies.
    pub rate_id: StudioRateId,
    /// Rental, peak, crew and cleaning.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines, cents.
    pub subtotal: Cents,
    /// Amount that a card hold covers, cents; zero for none. Not part of the price.
    pub deposit: Cents,
    /// What must be free: the booking, its cleaning and its buffers.
    pub blocked: TimeRange,
    /// What applies when the booking is cancelled.
    pub policy: CancellationPolicy,
    /// Part of the contract.
    pub house_rules: Vec<String>,
    /// Most people at once.
    pub capacity_people: i32,
}

/// Prices a published studio for `when` and a crew. Free of other bookings or not is the calendar's question, not
/// this one's. Errors: `NOT_FOUND`, `INPUT_INVALID`, `STUDIO_BLACKOUT`, `STUDIO_CONFLICT_BUFFER`,
/// `STUDIO_RATE_NOT_FOUND`.
pub async fn offer(
    unit: &mut Unit,
    studio_id: StudioId,
    when: TimeRange,
    crew_size: Option<i32>,
) -> Result<StudioOffer, StudioError> {
    let studio = studio::published(unit, studio_id).await?;
    let quote = quote::price(&studio.schedule, when, crew_size)?;
    Ok(StudioOffer {
        studio_id,
        owner_user_id: studio.owner_user_id,
        title: studio.title,
        city: studio.city,
        address_line: studio.address_line,
        time_zone: studio.schedule.zone,
        rate_id: quote.rate_id,
        lines: quote.lines,
        subtotal: quote.subtotal,
        deposit: studio.deposit,
        blocked: quote.blocked,
        policy: studio.policy,
        house_rules: studio.house_rules,
        capacity_people: studio.schedule.capacity_people,
    })
}
