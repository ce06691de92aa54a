//! How the confirmation of a charge stands: the fence between steps that still work and the undoing of all of them.

use rastup_store::Unit;
use rastup_types::{ChargeId, LbgId};

use crate::error::BookingError;

/// State of one confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AttemptState {
    /// Steps may take effect.
    Running,
    /// It is being undone; no step may take effect any more.
    Fenced,
    /// Everything is undone and the order can be paid anew.
    Aborted,
    /// Every leg is confirmed.
    Confirmed,
}

/// What a step has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its work.
    Work,
    /// Nothing: the confirmation has succeeded already.
    Done,
}

/// The state of a charge's confirmation; `None` before it began. Locks it against other steps.
pub async fn state(unit: &mut Unit, charge_id: ChargeId) -> Result<Option<AttemptState>, sqlx::Error> {
    sqlx::query_scalar("select state from booking.confirmation_attempt where charge_id = $1 for update")
        .bind(charge_id)
        .fetch_optional(unit.conn())
        .await
}

async fn insert(
    unit: &mut Unit,
    lbg_id: LbgId,
    charge_id: ChargeId,
    state: AttemptState,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into booking.confirmation_attempt (charge_id, lbg_id, state, created_at, updated_at)
         values ($1, $2, $3, $4, $4) on conflict (charge_id) do nothing",
    )
    .bind(charge_id)
    .bind(lbg_id)
    .bind(state)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Moves the confirmation on; `error_code` belongs to `Aborted`.
pub async fn set(
    unit: &mut Unit,
    charge_id: ChargeId,
    state: AttemptState,
    error_code: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update booking.confirmation_attempt set state = $2, error_code = $3, updated_at = $4 where charge_id = $1",
    )
    .bind(charge_id)
    .bind(state)
    .bind(error_code)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Called by the first step: begins the confirmation, or goes on with it.
/// Error: `CHK_ATOMIC_FAIL` when it is being or was undone.
pub async fn begin(unit: &mut Unit, lbg_id: LbgId, charge_id: ChargeId) -> Result<Step, BookingError> {
    insert(unit, lbg_id, charge_id, AttemptState::Running).await?;
    proceed(unit, charge_id).await
}

/// Called by every later step before it takes effect, in the same unit.
/// Error: `CHK_ATOMIC_FAIL` when the confirmation is being or was undone, or never began.
pub async fn proceed(unit: &mut Unit, charge_id: ChargeId) -> Result<Step, BookingError> {
    match state(unit, charge_id).await? {
        Some(AttemptState::Running) => Ok(Step::Work),
        Some(AttemptState::Confirmed) => Ok(Step::Done),
        Some(AttemptState::Fenced | AttemptState::Aborted) | None => {
            Err(BookingError::AtomicFail("its confirmation was given up"))
        }
    }
}

/// Called by every undo: from now on no step takes effect. Error: `WRONG_STATE` when the order is confirmed.
pub async fn fence(unit: &mut Unit, lbg_id: LbgId, charge_id: ChargeId) -> Result<(), BookingError> {
    insert(unit, lbg_id, charge_id, AttemptState::Fenced).await?;
    match state(unit, charge_id).await? {
        Some(AttemptState::Confirmed) => {
            Err(BookingError::WrongState("The order is confirmed; its confirmation cannot be undone."))
        }
        Some(AttemptState::Running) => {
            set(unit, charge_id, AttemptState::Fenced, None).await?;
            Ok(())
        }
        Some(AttemptState::Fenced | AttemptState::Aborted) | None => Ok(()),
    }
}

/// True when the order has a confirmation, of another charge than `except`, that is still under way or being undone.
pub async fn is_unsettled(
    unit: &mut Unit,
    lbg_id: LbgId,
    except: Option<ChargeId>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from booking.confirmation_attempt
             where lbg_id = $1 and state in ('running', 'fenced') and charge_id is distinct from $2)",
    )
    .bind(lbg_id)
    .bind(except)
    .fetch_one(unit.conn())
    .await
}
