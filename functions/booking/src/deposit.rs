//! Deposits as the database keeps them, and the rule of when a card hold is placed. Calls to the provider are elsewhere.

use chrono::{DateTime, Duration, Utc};
use rastup_store::Unit;
use rastup_types::{Cents, ChargeId, DepositId, LbgId, LegId};
use serde::{Deserialize, Serialize};

/// A card hold lives about a week; placed this long before the session it is alive at its start.
const PLACED_BEFORE_START_DAYS: i64 = 6;
/// How long after the session a studio may claim (§1.3.N.4), hours.
const CLAIM_WINDOW_HOURS: i64 = 72;
/// When a declined hold is tried again, hours.
const RETRY_AFTER_HOURS: i64 = 12;

/// State of a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum DepositStatus {
    /// The card is not saved yet.
    RequiresAction,
    /// The card is saved; the hold is placed when the session is near.
    Scheduled,
    /// The hold is placed.
    Authorized,
    /// A claim took money.
    Captured,
    /// The hold was let go, or never placed.
    Voided,
    /// The card's issuer let it go.
    Expired,
}

impl DepositStatus {
    /// True as long as it secures something.
    pub fn is_alive(self) -> bool {
        match self {
            DepositStatus::RequiresAction | DepositStatus::Scheduled | DepositStatus::Authorized => true,
            DepositStatus::Captured | DepositStatus::Voided | DepositStatus::Expired => false,
        }
    }
}

/// A deposit.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Deposit {
    /// Identity; the provider's keys derive from it.
    pub deposit_id: DepositId,
    /// The studio leg that it secures.
    pub leg_id: LegId,
    /// Its order.
    pub lbg_id: LbgId,
    /// The payment with which the card was saved.
    pub charge_id: ChargeId,
    /// State.
    pub status: DepositStatus,
    /// `seti_…` that saves the card.
    pub setup_intent_id: Option<String>,
    /// `pm_…` that was saved.
    pub payment_method_id: Option<String>,
    /// `pi_…` of the hold.
    pub hold_intent_id: Option<String>,
    /// Since when the outcome of placing the hold is unknown.
    pub hold_requested_at: Option<DateTime<Utc>>,
    /// Counts the tries; part of the key.
    pub hold_attempt: i32,
    /// Amount of the hold, cents.
    pub authorized_cents: Cents,
    /// Amount that claims took, cents.
    pub captured_cents: Cents,
}

impl Deposit {
    /// Idempotency key of the SetupIntent.
    pub fn setup_key(&self) -> String {
        format!("{}:setup", self.deposit_id)
    }
    /// Idempotency key of placing the hold.
    pub fn hold_key(&self) -> String {
        format!("{}:hold:{}", self.deposit_id, self.hold_attempt)
    }
    /// Idempotency key of letting the hold go.
    pub fn void_key(&self) -> String {
        format!("{}:void:{}", self.deposit_id, self.hold_attempt)
    }
}

/// When the hold of a session that starts at `start` is placed: `None` is at once, because it starts within six days.
pub fn place_from(now: DateTime<Utc>, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let from = start - Duration::days(PLACED_BEFORE_START_DAYS);
    (from > now).then_some(from)
}

/// When the hold of a session that ends at `end` is let go unless a claim has taken it.
pub fn void_at(end: DateTime<Utc>) -> DateTime<Utc> {
    end + Duration::hours(CLAIM_WINDOW_HOURS)
}

/// The deposit of a charge, locked; `None` when the order needs none.
pub async fn of_charge(unit: &mut Unit, charge_id: ChargeId) -> Result<Option<Deposit>, sqlx::Error> {
    sqlx::query_as(
        "select deposit_id, leg_id, lbg_id, charge_id, status, setup_intent_id, payment_method_id, hold_intent_id,
                hold_requested_at, hold_attempt, authorized_cents, captured_cents
         from booking.deposit_auth where charge_id = $1 for update",
    )
    .bind(charge_id)
    .fetch_optional(unit.conn())
    .await
}

/// A deposit, locked.
pub async fn lock(unit: &mut Unit, deposit_id: DepositId) -> Result<Option<Deposit>, sqlx::Error> {
    sqlx::query_as(
        "select deposit_id, leg_id, lbg_id, charge_id, status, setup_intent_id, payment_method_id, hold_intent_id,
                hold_requested_at, hold_attempt, authorized_cents, captured_cents
         from booking.deposit_auth where deposit_id = $1 for update",
    )
    .bind(deposit_id)
    .fetch_optional(unit.conn())
    .await
}

/// Deposits of an order, newest first.
pub async fn of_order(unit: &mut Unit, lbg_id: LbgId) -> Result<Vec<Deposit>, sqlx::Error> {
    sqlx::query_as(
        "select deposit_id, leg_id, lbg_id, charge_id, status, setup_intent_id, payment_method_id, hold_intent_id,
                hold_requested_at, hold_attempt, authorized_cents, captured_cents
         from booking.deposit_auth where lbg_id = $1 order by deposit_id desc",
    )
    .bind(lbg_id)
    .fetch_all(unit.conn())
    .await
}

/// Deposits whose hold is due, of confirmed orders whose session has not ended.
pub async fn due(unit: &mut Unit, limit: i64) -> Result<Vec<DepositId>, sqlx::Error> {
    let now = unit.now();
    sqlx::query_scalar(
        "select d.deposit_id from booking.deposit_auth d join booking.lbg g using (lbg_id)
         where d.status = 'scheduled' and d.place_from <= $1 and g.confirmed_at is not null and g.end_at > $1
         order by d.place_from limit $2",
    )
    .bind(now)
    .bind(limit)
    .fetch_all(unit.conn())
    .await
}

/// Writes the deposit of a charge; again for the same charge changes nothing.
pub async fn open(
    unit: &mut Unit,
    lbg_id: LbgId,
    leg_id: LegId,
    charge_id: ChargeId,
    amount: Cents,
) -> Result<(), sqlx::Error> {
    let (deposit_id, now): (DepositId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into booking.deposit_auth
             (deposit_id, leg_id, lbg_id, charge_id, status, authorized_cents, created_at, updated_at)
         values ($1, $2, $3, $4, 'requires_action', $5, $6, $6) on conflict (leg_id, charge_id) do nothing",
    )
    .bind(deposit_id)
    .bind(leg_id)
    .bind(lbg_id)
    .bind(charge_id)
    .bind(amount)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Gives up the deposits of earlier payments of an order for which no hold was asked yet.
pub async fn give_up_unplaced(
    unit: &mut Unit,
    lbg_id: LbgId,
    current: Option<ChargeId>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth set status = 'voided', updated_at = $3
         where lbg_id = $1 and status in ('requires_action', 'scheduled') and hold_requested_at is null
           and charge_id is distinct from $2",
    )
    .bind(lbg_id)
    .bind(current)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Gives up the deposit of one payment, when its hold was never asked for.
pub async fn give_up_unplaced_of(unit: &mut Unit, charge_id: ChargeId) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth set status = 'voided', updated_at = $2
         where charge_id = $1 and status in ('requires_action', 'scheduled') and hold_requested_at is null",
    )
    .bind(charge_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes the SetupIntent.
pub async fn set_setup_intent(
    unit: &mut Unit,
    deposit_id: DepositId,
    setup_intent_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("update booking.deposit_auth set setup_intent_id = $2 where deposit_id = $1")
        .bind(deposit_id)
        .bind(setup_intent_id)
        .execute(unit.conn())
        .await?;
    Ok(())
}

/// Notes the saved card and when the hold is to be placed.
pub async fn schedule(
    unit: &mut Unit,
    deposit_id: DepositId,
    payment_method_id: &str,
    place_from: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth
         set status = 'scheduled', payment_method_id = $2, place_from = $3, updated_at = $4 where deposit_id = $1",
    )
    .bind(deposit_id)
    .bind(payment_method_id)
    .bind(place_from)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes that the provider is about to be asked for the hold, with which card.
pub async fn request_hold(
    unit: &mut Unit,
    deposit_id: DepositId,
    payment_method_id: &str,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth
         set payment_method_id = $2, hold_requested_at = coalesce(hold_requested_at, $3), updated_at = $3
         where deposit_id = $1",
    )
    .bind(deposit_id)
    .bind(payment_method_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes the hold that was placed.
pub async fn set_authorized(
    unit: &mut Unit,
    deposit_id: DepositId,
    hold_intent_id: &str,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth
         set status = 'authorized', hold_intent_id = $2, hold_requested_at = null, updated_at = $3
         where deposit_id = $1",
    )
    .bind(deposit_id)
    .bind(hold_intent_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes that the card refused the hold; the next try has a key of its own and waits half a day.
pub async fn note_refusal(unit: &mut Unit, deposit_id: DepositId) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth
         set hold_requested_at = null, hold_attempt = hold_attempt + 1, updated_at = $2,
             place_from = case when status = 'scheduled' then $3 else place_from end
         where deposit_id = $1",
    )
    .bind(deposit_id)
    .bind(now)
    .bind(now + Duration::hours(RETRY_AFTER_HOURS))
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Notes that nothing is held any more.
pub async fn set_voided(
    unit: &mut Unit,
    deposit_id: DepositId,
    hold_intent_id: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.deposit_auth
         set status = 'voided', hold_intent_id = coalesce($2, hold_intent_id), hold_requested_at = null,
             updated_at = $3
         where deposit_id = $1",
    )
    .bind(deposit_id)
    .bind(hold_intent_id)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hold_is_placed_at_once_when_the_session_starts_within_six_days() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let now = at("2026-06-01T12:00:00Z");
        assert_eq!(place_from(now, at("2026-06-07T12:00:00Z")), None);
        assert_eq!(place_from(now, at("2026-06-07T12:00:01Z")), Some(at("2026-06-01T12:00:01Z")));
        assert_eq!(void_at(now), at("2026-06-04T12:00:00Z"));
    }
}
