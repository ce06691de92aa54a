//! Reading studios: the public face, the private address, and the schedule that prices them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rastup_store::Unit;
use rastup_types::{
    BasisPoints, Cents, Currency, StudioId, StudioRateId, TimeRange, UserId, policy::CancellationPolicy,
};
use serde::Deserialize;
use sqlx::types::Json;

use crate::{
    StudioError,
    quote::{CrewTier, Days, Peak, Rate, RateKind, Schedule, Window},
};

/// A published place.
#[derive(Debug, Clone, PartialEq)]
pub struct Studio {
    /// Identity.
    pub studio_id: StudioId,
    /// Who is paid.
    pub owner_user_id: UserId,
    /// Public name in addresses.
    pub slug: String,
    /// Shown name.
    pub title: String,
    /// What it looks like.
    pub description: String,
    /// Normalised city code.
    pub city: String,
    /// State or province.
    pub region: String,
    /// ISO 3166 country.
    pub country: String,
    /// The exact address in one line; never part of a public answer.
    pub address_line: String,
    /// True after verification by staff.
    pub verified: bool,
    /// Amount that a card hold covers, cents; zero when none is asked.
    pub deposit: Cents,
    /// Floor area.
    pub size_sqft: Option<i32>,
    /// Canonical amenity keys.
    pub amenities: Vec<String>,
    /// Part of the contract.
    pub house_rules: Vec<String>,
    /// Currency of all prices.
    pub currency: Currency,
    /// What applies when a booking is cancelled.
    pub policy: CancellationPolicy,
    /// What it costs and when.
    pub schedule: Schedule,
}

#[derive(sqlx::FromRow)]
struct StudioRow {
    studio_id: StudioId,
    owner_user_id: UserId,
    slug: String,
    title: String,
    description: String,
    city: String,
    region: String,
    country: String,
    time_zone: String,
    address: Json<Address>,
    verified_studio: bool,
    deposit_auth_cents: Cents,
    capacity_people: i32,
    size_sqft: Option<i32>,
    amenities: Vec<String>,
    house_rules: Vec<String>,
    currency: Currency,
    buffer_before_min: i32,
    buffer_after_min: i32,
    cleaning_min: i32,
    cleaning_fee_cents: Cents,
    cancellation_policy: Json<CancellationPolicy>,
}

#[derive(Deserialize)]
struct Address {
    line1: String,
    #[serde(default)]
    line2: Option<String>,
    city: String,
    region: String,
    postal: String,
}

impl Address {
    fn line(&self) -> String {
        let street: Vec<&str> = [Some(self.line1.as_str()), self.line2.as_deref()]
            .into_iter()
            .flatten()
            .filter(|l| !l.is_empty())
            .collect();
        format!("{}, {}, {} {}", street.join(", "), self.city, self.region, self.postal)
    }
}

#[derive(sqlx::FromRow)]
struct WindowRow {
    dow: Vec<i32>,
    start_minute: i32,
    end_minute: i32,
}

#[derive(sqlx::FromRow)]
struct RateRow {
    rate_id: StudioRateId,
    kind: RateKind,
    name: String,
    #[sqlx(flatten)]
    window: WindowRow,
    slot_minutes: Option<i32>,
    price_cents: Cents,
    min_booking_minutes: i32,
    max_booking_minutes: Option<i32>,
}

#[derive(sqlx::FromRow)]
struct PeakRow {
    name: String,
    #[sqlx(flatten)]
    window: WindowRow,
    multiplier_bps: BasisPoints,
}

impl WindowRow {
    fn window(&self) -> Result<Window, StudioError> {
        let days =
            Days::from_numbers(&self.dow).ok_or(StudioError::Unsound("a day of the week is unknown"))?;
        Ok(Window { days, start_minute: self.start_minute, end_minute: self.end_minute })
    }
}

/// A published studio by id. Error: `NOT_FOUND`.
pub async fn published(unit: &mut Unit, studio_id: StudioId) -> Result<Studio, StudioError> {
    let row: Option<StudioRow> = sqlx::query_as(
        "select s.studio_id, s.owner_user_id, s.slug, s.title, s.description, s.city, s.region, s.country,
                s.time_zone, s.address, s.verified_studio, s.deposit_auth_cents, s.capacity_people, s.size_sqft,
                s.amenities, s.house_rules, s.currency, p.buffer_before_min, p.buffer_after_min, p.cleaning_min,
                p.cleaning_fee_cents, p.cancellation_policy
         from studios.studio s join studios.studio_policy p using (studio_id)
         where s.studio_id = $1 and s.is_published",
    )
    .bind(studio_id)
    .fetch_optional(unit.conn())
    .await?;
    with_schedule(unit, row.ok_or(StudioError::NotFound)?).await
}

/// Whose studio it is, published or not.
pub async fn owner(unit: &mut Unit, studio_id: StudioId) -> Result<Option<UserId>, sqlx::Error> {
    sqlx::query_scalar("select owner_user_id from studios.studio where studio_id = $1")
        .bind(studio_id)
        .fetch_optional(unit.conn())
        .await
}

/// A published studio by its name in addresses. Error: `NOT_FOUND`.
pub(crate) async fn published_by_slug(unit: &mut Unit, slug: &str) -> Result<Studio, StudioError> {
    if !is_slug(slug) {
        return Err(StudioError::NotFound);
    }
    let found: Option<StudioId> =
        sqlx::query_scalar("select studio_id from studios.studio where slug = $1 and is_published")
            .bind(slug)
            .fetch_optional(unit.conn())
            .await?;
    published(unit, found.ok_or(StudioError::NotFound)?).await
}

/// Whether a studio can have this name: `^[a-z0-9][a-z0-9-]{1,78}[a-z0-9]$`, as the table's constraint says. PostgreSQL
/// cannot even be asked for some others, such as those with a NUL.
fn is_slug(slug: &str) -> bool {
    let is_edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match slug.as_bytes() {
        [first, middle @ .., last] => {
            (1..=78).contains(&middle.len())
                && is_edge(first)
                && is_edge(last)
                && middle.iter().all(|byte| is_edge(byte) || *byte == b'-')
        }
        _ => false,
    }
}

async fn with_schedule(unit: &mut Unit, row: StudioRow) -> Result<Studio, StudioError> {
    let zone: Tz = row.time_zone.parse().map_err(|_| StudioError::Unsound("its time zone is unknown"))?;
    let schedule = Schedule {
        zone,
        rates: rates(unit, row.studio_id).await?,
        peaks: peaks(unit, row.studio_id).await?,
        crew_tiers: crew_tiers(unit, row.studio_id).await?,
        capacity_people: row.capacity_people,
        buffer_before_min: row.buffer_before_min,
        buffer_after_min: row.buffer_after_min,
        cleaning_min: row.cleaning_min,
        cleaning_fee: row.cleaning_fee_cents,
        blackouts: blackouts(unit, row.studio_id).await?,
    };
    Ok(Studio {
        studio_id: row.studio_id,
        owner_user_id: row.owner_user_id,
        slug: row.slug,
        title: row.title,
        description: row.description,
        city: row.city,
        region: row.region,
        country: row.country,
        address_line: row.address.line(),
        verified: row.verified_studio,
        deposit: row.deposit_auth_cents,
        size_sqft: row.size_sqft,
        amenities: row.amenities,
        house_rules: row.house_rules,
        currency: row.currency,
        policy: row.cancellation_policy.0,
        schedule,
    })
}

async fn rates(unit: &mut Unit, studio_id: StudioId) -> Result<Vec<Rate>, StudioError> {
    // Minutes instead of `time`, because 24:00 is a time to PostgreSQL only.
    let rows: Vec<RateRow> = sqlx::query_as(
        "select rate_id, kind, name, dow, slot_minutes, price_cents, min_booking_minutes, max_booking_minutes,
                (extract(epoch from start_local) / 60)::integer as start_minute,
                (extract(epoch from end_local) / 60)::integer as end_minute
         from studios.studio_rate where studio_id = $1 and active order by name, rate_id",
    )
    .bind(studio_id)
    .fetch_all(unit.conn())
    .await?;
    let rate = |row: RateRow| {
        Ok(Rate {
            window: row.window.window()?,
            rate_id: row.rate_id,
            kind: row.kind,
            name: row.name,
            slot_minutes: row.slot_minutes,
            price: row.price_cents,
            min_minutes: row.min_booking_minutes,
            max_minutes: row.max_booking_minutes,
        })
    };
    rows.into_iter().map(rate).collect()
}

async fn peaks(unit: &mut Unit, studio_id: StudioId) -> Result<Vec<Peak>, StudioError> {
    let rows: Vec<PeakRow> = sqlx::query_as(
        "select name, dow, multiplier_bps,
                (extract(epoch from start_local) / 60)::integer as start_minute,
                (extract(epoch from end_local) / 60)::integer as end_minute
         from studios.studio_peak where studio_id = $1 order by name",
    )
    .bind(studio_id)
    .fetch_all(unit.conn())
    .await?;
    let peak = |row: PeakRow| {
        Ok(Peak { window: row.window.window()?, name: row.name, multiplier: row.multiplier_bps })
    };
    rows.into_iter().map(peak).collect()
}

async fn crew_tiers(unit: &mut Unit, studio_id: StudioId) -> Result<Vec<CrewTier>, StudioError> {
    let rows: Vec<(i32, BasisPoints)> = sqlx::query_as(
        "select max_people, multiplier_bps from studios.studio_crew_tier where studio_id = $1 order by max_people",
    )
    .bind(studio_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows.into_iter().map(|(max_people, multiplier)| CrewTier { max_people, multiplier }).collect())
}

async fn blackouts(unit: &mut Unit, studio_id: StudioId) -> Result<Vec<TimeRange>, StudioError> {
    let now = unit.now();
    let rows: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(
        "select start_at, end_at from studios.studio_blackout where studio_id = $1 and end_at > $2 order by start_at",
    )
    .bind(studio_id)
    .bind(now)
    .fetch_all(unit.conn())
    .await?;
    let range =
        |(start, end)| TimeRange::new(start, end).map_err(|_| StudioError::Unsound("a blackout is empty"));
    rows.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::is_slug;

    #[test]
    fn a_slug_is_what_the_table_accepts() {
        let (longest, too_long) = ("a".repeat(80), "a".repeat(81));
        for slug in ["abc", "a-b", "0-9", "daylight-loft", longest.as_str()] {
            assert!(is_slug(slug), "{slug}");
        }
        for slug in
            ["", "a", "ab", "-ab", "ab-", "a_b", "Abc", "aBc", "abc\n", "a\0b", "aéb", too_long.as_str()]
        {
            assert!(!is_slug(slug), "{slug:?}");
        }
    }
}
