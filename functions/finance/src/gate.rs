//! The global stop of payouts: set by the daily close while it is red, read before a transfer is sent.

use rastup_store::{Unit, sqlx};
use rastup_types::event::NewEvent;

use crate::FinanceError;

/// Stops all payouts for a cause such as `close:2026-06-01`; again changes nothing.
pub async fn stop(unit: &mut Unit, cause: &str) -> Result<(), FinanceError> {
    let now = unit.now();
    let stopped = sqlx::query(
        "insert into finance.payout_gate (cause, stopped_at) values ($1, $2)
         on conflict (cause) where resumed_at is null do nothing",
    )
    .bind(cause)
    .bind(now)
    .execute(unit.conn())
    .await?
    .rows_affected();
    if stopped == 1 {
        unit.publish(NewEvent::new("finance", "payouts.paused").fact("cause", cause)).await?;
    }
    Ok(())
}

/// Takes a cause away; payouts go on when no other is left. Nothing to take away changes nothing.
pub async fn resume(unit: &mut Unit, cause: &str) -> Result<(), FinanceError> {
    let now = unit.now();
    let resumed =
        sqlx::query("update finance.payout_gate set resumed_at = $2 where cause = $1 and resumed_at is null")
            .bind(cause)
            .bind(now)
            .execute(unit.conn())
            .await?
            .rows_affected();
    if resumed == 1 && !payouts_stopped(unit).await? {
        unit.publish(NewEvent::new("finance", "payouts.resumed").fact("cause", cause)).await?;
    }
    Ok(())
}

/// True while any cause stops payouts.
pub async fn payouts_stopped(unit: &mut Unit) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from finance.payout_gate where resumed_at is null)")
        .fetch_one(unit.conn())
        .await
}
