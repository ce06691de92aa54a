//! Money returned, per leg, and how Stripe says it ended.

use rastup_providers::stripe::{Refund, RefundStatus};
use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, LbgId, LegId, RefundId, event::NewEvent};

use crate::{Charge, FinanceError, Split};

fn name(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "succeeded",
        RefundStatus::Failed => "failed",
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    refund_id: RefundId,
    lbg_id: LbgId,
    leg_id: LegId,
    amount_cents: Cents,
}

async fn announce(unit: &mut Unit, row: &Row, event: &'static str) -> Result<(), FinanceError> {
    let event = NewEvent::new("finance", event)
        .id("lbg_id", row.lbg_id)
        .id("leg_id", row.leg_id)
        .id("refund_id", row.refund_id)
        .money(row.amount_cents, rastup_types::Currency::USD)
        .fact("reason", "confirmation_undone");
    unit.publish(event).await?;
    Ok(())
}

/// Notes that the whole charge was returned because its confirmation was undone: one row per leg.
pub(crate) async fn record_undo(
    unit: &mut Unit,
    charge: &Charge,
    splits: &[Split],
    refund: &Refund,
) -> Result<(), FinanceError> {
    let now = unit.now();
    for split in splits.iter().filter(|split| split.charged() > Cents::ZERO) {
        let refund_id: RefundId = unit.mint();
        sqlx::query(
            "insert into finance.refund (refund_id, charge_id, lbg_id, leg_id, amount_cents, reason, status,
                 processor_refund, created_at, updated_at)
             values ($1, $2, $3, $4, $5, 'confirmation_undone', 'pending', $6, $7, $7)",
        )
        .bind(refund_id)
        .bind(charge.charge_id)
        .bind(charge.lbg_id)
        .bind(split.leg_id)
        .bind(split.charged())
        .bind(&refund.id)
        .bind(now)
        .execute(unit.conn())
        .await?;
        let row =
            Row { refund_id, lbg_id: charge.lbg_id, leg_id: split.leg_id, amount_cents: split.charged() };
        announce(unit, &row, "refund.created").await?;
    }
    settle(unit, refund).await.map(|_| ())
}

/// Applies what Stripe says of a refund. One that ended does not become pending again; answers whether anything changed.
pub(crate) async fn settle(unit: &mut Unit, refund: &Refund) -> Result<bool, FinanceError> {
    let event = match refund.status {
        RefundStatus::Pending => return Ok(false),
        RefundStatus::Succeeded => "refund.succeeded",
        RefundStatus::Failed => "refund.failed",
    };
    let now = unit.now();
    // A refund that succeeded can fail days later (the card was closed); the other way round cannot happen.
    let rows: Vec<Row> = sqlx::query_as(
        "update finance.refund set status = $2, updated_at = $3
         where processor_refund = $1 and (status = 'pending' or (status = 'succeeded' and $2 = 'failed'))
         returning refund_id, lbg_id, leg_id, amount_cents",
    )
    .bind(&refund.id)
    .bind(name(refund.status))
    .bind(now)
    .fetch_all(unit.conn())
    .await?;
    for row in &rows {
        announce(unit, row, event).await?;
    }
    Ok(!rows.is_empty())
}

/// What was returned of a leg so far, cents; refunds that failed do not count.
pub(crate) async fn refunded_of_leg(unit: &mut Unit, leg_id: LegId) -> Result<Cents, sqlx::Error> {
    let (sum,): (Cents,) = sqlx::query_as(
        "select coalesce(sum(amount_cents), 0)::bigint from finance.refund where leg_id = $1 and status <> 'failed'",
    )
    .bind(leg_id)
    .fetch_one(unit.conn())
    .await?;
    Ok(sum)
}
