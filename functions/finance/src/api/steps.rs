//! Steps of the sagas: `do` and `undo` of wallet, capture and tax, and the transfer of a payout.

use std::sync::Arc;

use rastup_providers::stripe::Payments;
use rastup_runtime::step::StepInput;
use rastup_store::{Caller, Store};
use rastup_types::{ApiError, ChargeId, PayoutId};
use serde_json::{Value, json};

use crate::{Charge, payouts, saga};

/// What the steps that pay need.
#[derive(Clone)]
pub struct StepDeps {
    /// The database.
    pub store: Store,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
}

fn charge_id(input: &StepInput) -> Result<ChargeId, ApiError> {
    input.field("chargeId")
}

fn charge_json(charge: &Charge) -> Value {
    json!({
        "chargeId": charge.charge_id,
        "chargeStatus": charge.status.public_name(),
        "capturedCents": charge.captured,
        "refundedCents": charge.refunded,
    })
}

/// `finance_capture_step`.
pub async fn capture_step(deps: StepDeps, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let (charge_id, payments) = (charge_id(&input)?, deps.payments.as_ref());
    let charge = match input.action.as_str() {
        "do" => saga::capture(&deps.store, payments, &caller, input.lbg_id, charge_id).await?,
        "undo" => saga::undo_capture(&deps.store, payments, &caller, input.lbg_id, charge_id).await?,
        _ => return Err(input.unknown_action()),
    };
    Ok(charge_json(&charge))
}

/// `finance_tax_step`.
pub async fn tax_step(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let charge_id = charge_id(&input)?;
    match input.action.as_str() {
        "do" => {
            saga::commit_tax(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "committed": true }))
        }
        "undo" => {
            let voided = saga::undo_tax(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "committed": false, "voided": voided }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `finance_wallet_step`.
pub async fn wallet_step(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let charge_id = charge_id(&input)?;
    match input.action.as_str() {
        "do" => {
            let applied = saga::prove_wallet(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "appliedCents": applied }))
        }
        "undo" => {
            let returned = saga::undo_wallet(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "appliedCents": 0, "returnedCents": returned }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `finance_transfer_step`.
pub async fn transfer_step(deps: StepDeps, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    if input.action != "do" {
        return Err(input.unknown_action());
    }
    let payout_id: PayoutId = input.field("payoutId")?;
    let payments = deps.payments.as_ref();
    let payout = payouts::transfer(&deps.store, payments, &caller, input.lbg_id, payout_id).await?;
    Ok(json!({ "payoutId": payout.payout_id, "status": payout.status.public_name() }))
}
