//! What is to be done after the acceptance, and when: deposits let go, payouts transferred.

use finance::payouts;
use rastup_store::{Caller, Store};
use rastup_types::LbgId;
use serde_json::{Value, json};

use crate::{deposit, error::BookingError, lifecycle::LegStatus, order, time};

/// The plan that the settling machine follows. Error: `WRONG_STATE` before the acceptance.
pub async fn plan(store: &Store, caller: &Caller, lbg_id: LbgId) -> Result<Value, BookingError> {
    let mut unit = store.unit(caller).await?;
    let order = order::read(&mut unit, lbg_id).await?;
    if order.status() != LegStatus::Completed {
        return Err(BookingError::WrongState("The order is not accepted."));
    }
    let void_at = time::text(deposit::void_at(order.group.end_at));
    let alive = deposit::of_order(&mut unit, lbg_id).await?.into_iter().filter(|d| d.status.is_alive());
    let deposits: Vec<Value> =
        alive.map(|deposit| json!({ "depositId": deposit.deposit_id, "voidAt": void_at })).collect();
    let payouts: Vec<Value> = payouts::of_lbg(&mut unit, lbg_id)
        .await?
        .into_iter()
        .map(|payout| {
            json!({ "payoutId": payout.payout_id, "scheduledFor": time::text(payout.scheduled_for) })
        })
        .collect();
    Ok(json!({ "deposits": deposits, "payouts": payouts }))
}
