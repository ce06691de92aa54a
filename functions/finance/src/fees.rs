//! The platform's fee over time: deferred when the buyer pays, earned when the leg is completed, reversed with a refund.

use rastup_store::{Unit, sqlx};
use rastup_types::{ChargeId, FeeEntryId, LegId, event::NewEvent};

use crate::{Charge, FinanceError, Split, charges, ledger};

async fn record(
    unit: &mut Unit,
    charge: &Charge,
    split: &Split,
    stage: &'static str,
    reason: &'static str,
) -> Result<bool, FinanceError> {
    let (fee_entry_id, now): (FeeEntryId, _) = (unit.mint(), unit.now());
    let recorded = sqlx::query(
        "insert into finance.fee_ledger (fee_entry_id, charge_id, leg_id, stage, platform_fee_cents,
             platform_fee_tax_cents, reason, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (charge_id, leg_id, stage) do nothing",
    )
    .bind(fee_entry_id)
    .bind(charge.charge_id)
    .bind(split.leg_id)
    .bind(stage)
    .bind(split.platform_fee)
    .bind(split.platform_fee_tax)
    .bind(reason)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(recorded.rows_affected() == 1)
}

fn event_of(charge: &Charge, split: &Split, name: &'static str) -> NewEvent {
    NewEvent::new("finance", name)
        .id("lbg_id", charge.lbg_id)
        .id("charge_id", charge.charge_id)
        .id("leg_id", split.leg_id)
        .money(split.platform_fee, charge.currency)
}

/// The fee of each leg is taken, and not earned yet.
pub(crate) async fn defer(unit: &mut Unit, charge: &Charge, splits: &[Split]) -> Result<(), FinanceError> {
    for split in splits {
        if record(unit, charge, split, "deferred", "confirm").await? {
            unit.publish(event_of(charge, split, "fee.deferred.recorded")).await?;
        }
    }
    Ok(())
}

/// The fee of each leg is returned.
pub(crate) async fn reverse(unit: &mut Unit, charge: &Charge, splits: &[Split]) -> Result<(), FinanceError> {
    for split in splits {
        record(unit, charge, split, "reversed", "refund").await?;
    }
    Ok(())
}

/// The split that pays a leg as it was booked, of the charge whose money is there; both locked. Error: `WRONG_STATE` when there is none.
pub(crate) async fn paid_split(unit: &mut Unit, leg_id: LegId) -> Result<(Charge, Split), FinanceError> {
    let found: Option<(ChargeId,)> = sqlx::query_as(
        "select c.charge_id from finance.charge c join finance.charge_split s using (charge_id)
         where s.leg_id = $1 and c.purpose = 'booking' and c.status in ('captured', 'succeeded')",
    )
    .bind(leg_id)
    .fetch_optional(unit.conn())
    .await?;
    let unpaid = || FinanceError::WrongState("The leg is not paid.");
    let (charge_id,) = found.ok_or_else(unpaid)?;
    let charge = charges::lock(unit, charge_id).await?;
    charge.refuse_if_given_up()?;
    let splits = charges::splits(unit, charge_id).await?;
    let split = splits.into_iter().find(|split| split.leg_id == leg_id).ok_or_else(unpaid)?;
    Ok((charge, split))
}

/// The fee of a completed leg becomes revenue (§1.9.D.2); a second call changes nothing. Error: `WRONG_STATE` when the leg
/// is not paid.
pub async fn earn(unit: &mut Unit, leg_id: LegId) -> Result<(), FinanceError> {
    let (charge, split) = paid_split(unit, leg_id).await?;
    if record(unit, &charge, &split, "earned", "complete").await? {
        ledger::post(unit, &ledger::earn(&charge, &split)).await?;
        unit.publish(event_of(&charge, &split, "fee.earned.recorded")).await?;
    }
    Ok(())
}
