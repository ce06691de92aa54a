//! The tasks of the three state machines. Every action may run twice; every undo may run with nothing done.

use rastup_runtime::step::StepInput;
use rastup_store::{Caller, Store};
use rastup_types::ApiError;
use serde_json::{Value, json};

use crate::{
    confirm,
    deposit_hold::{self, Desk},
    session, settle,
};

/// `booking_validate_step`: `do`.
pub async fn validate(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    match input.action.as_str() {
        "do" => {
            confirm::validate(&store, &caller, input.lbg_id, input.field("chargeId")?).await?;
            Ok(json!({ "validated": true }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `booking_calendar_step`: `do`, `undo`.
pub async fn calendar(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let charge_id = input.field("chargeId")?;
    match input.action.as_str() {
        "do" => {
            confirm::reserve(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "held": true }))
        }
        "undo" => {
            confirm::release(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "held": false }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `booking_deposit_step`: `do`, `undo`, and `void` after the claim window.
pub async fn deposit(desk: Desk, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    match input.action.as_str() {
        "do" => {
            deposit_hold::secure(&desk, &caller, input.lbg_id, input.field("chargeId")?).await?;
            Ok(json!({ "secured": true }))
        }
        "undo" => {
            deposit_hold::undo(&desk, &caller, input.lbg_id, input.field("chargeId")?).await?;
            Ok(json!({ "secured": false }))
        }
        "void" => {
            let deposit_id = input.field("depositId")?;
            deposit_hold::void(&desk, &caller, input.lbg_id, deposit_id).await?;
            Ok(json!({ "depositId": deposit_id, "failed": false }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `booking_confirm_step`: `do`, `abort`, `failed`.
pub async fn confirm(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let charge_id = input.field("chargeId")?;
    match input.action.as_str() {
        "do" => {
            confirm::confirm(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "confirmed": true }))
        }
        "abort" => {
            let confirmed = confirm::abort(&store, &caller, input.lbg_id, charge_id).await?;
            Ok(json!({ "confirmed": confirmed }))
        }
        "failed" => {
            let error_code: String = input.field("errorCode")?;
            confirm::give_up(&store, &caller, input.lbg_id, charge_id, &error_code).await?;
            Ok(json!({ "confirmed": false, "errorCode": error_code }))
        }
        _ => Err(input.unknown_action()),
    }
}

/// `booking_session_step`: `start`, `open_acceptance`, `auto_accept`.
pub async fn session(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    let status = match input.action.as_str() {
        "start" => session::start(&store, &caller, input.lbg_id).await?,
        "open_acceptance" => session::open_acceptance(&store, &caller, input.lbg_id).await?,
        "auto_accept" => session::auto_accept(&store, &caller, input.lbg_id).await?,
        _ => return Err(input.unknown_action()),
    };
    Ok(json!({ "status": status }))
}

/// `booking_settle_step`: `plan`.
pub async fn settle(store: Store, input: StepInput, caller: Caller) -> Result<Value, ApiError> {
    match input.action.as_str() {
        "plan" => Ok(settle::plan(&store, &caller, input.lbg_id).await?),
        _ => Err(input.unknown_action()),
    }
}
