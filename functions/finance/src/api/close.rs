//! The daily close: its job, and its fields for finance operations.

use std::sync::Arc;

use chrono::NaiveDate;
use rastup_providers::stripe::BalanceTransactions;
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, Store};
use rastup_types::{ApiError, VarianceId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decision::decision;
use crate::close::{self, Adjustment, Day, Run, Variance, Verdict};

/// What the close needs.
#[derive(Clone)]
pub struct CloseDeps {
    /// The database.
    pub store: Store,
    /// Stripe's movements.
    pub stripe: Arc<dyn BalanceTransactions>,
    /// The zone whose days the job closes.
    pub zone: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DayArgs {
    day: NaiveDate,
    time_zone: Option<String>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VarianceArgs {
    variance_id: VarianceId,
    reason: String,
}

#[derive(Deserialize)]
struct AdjustArgs {
    adjustment: Adjustment,
    reason: String,
}

/// `daily_close_job`: compares every day that ended and is not green. A day that fails does not keep the next from its turn.
pub async fn daily_close(deps: CloseDeps, caller: Caller) -> Result<Value, ApiError> {
    let (mut green, mut red, mut failed) = (0, 0, None);
    for day in close::due(&deps.store, &caller, &deps.zone).await? {
        match close::run(&deps.store, deps.stripe.as_ref(), &caller, &day).await {
            Ok(Verdict::Green) => green += 1,
            Ok(Verdict::Red) => red += 1,
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(json!({ "green": green, "red": red })),
    }
}

/// `finance_close_resolver`.
pub async fn close_resolver(deps: CloseDeps, call: Call) -> Result<Value, ApiError> {
    let (store, caller) = (&deps.store, &call.caller);
    let day_of = |args: &DayArgs| Day::of(args.day, args.time_zone.as_deref().unwrap_or(&deps.zone));
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "adminRecon") => {
            let day = day_of(&call.args()?)?;
            let found = close::report(&mut store.unit(caller).await?, &day).await?;
            Ok(found.map_or(Value::Null, |(run, variances)| report_json(&day, &run, &variances)))
        }
        ("Mutation", "adminReplayRecon") => {
            caller.actor.require(rastup_types::Permission::Books)?;
            let args: DayArgs = call.args()?;
            let (day, reason) = (day_of(&args)?, rastup_store::approval::reason(&args.reason)?);
            let mut unit = store.unit(caller).await?;
            unit.audit("day.replay", day.name(), json!({ "reason": reason }));
            unit.commit().await?;
            close::run(store, deps.stripe.as_ref(), caller, &day).await?;
            let found = close::report(&mut store.unit(caller).await?, &day).await?;
            Ok(found.map_or(Value::Null, |(run, variances)| report_json(&day, &run, &variances)))
        }
        ("Mutation", "adminCloseDay") => {
            let args: DayArgs = call.args()?;
            Ok(decision(&close::close(store, caller, &day_of(&args)?, &args.reason).await?))
        }
        ("Mutation", "adminReopenDay") => {
            let args: DayArgs = call.args()?;
            Ok(decision(&close::reopen(store, caller, &day_of(&args)?, &args.reason).await?))
        }
        ("Mutation", "adminQuarantineVariance") => {
            let args: VarianceArgs = call.args()?;
            Ok(decision(&close::quarantine(store, caller, args.variance_id, &args.reason).await?))
        }
        ("Mutation", "adminAdjust") => {
            let args: AdjustArgs = call.args()?;
            let (approval, id) = close::adjust(store, caller, &args.adjustment, &args.reason).await?;
            Ok(json!({ "decision": decision(&approval), "adjustmentId": id }))
        }
        _ => Err(call.unknown_field()),
    }
}

fn report_json(day: &Day, run: &Run, variances: &[Variance]) -> Value {
    let variance = |found: &Variance| {
        json!({
            "varianceId": found.variance_id,
            "checked": found.checked,
            "kind": found.kind.to_uppercase(),
            "reference": found.reference,
            "oursCents": found.ours_cents,
            "theirsCents": found.theirs_cents,
            "status": found.status.to_uppercase(),
        })
    };
    json!({
        "runId": run.run_id,
        "day": day.date,
        "timeZone": day.zone.name(),
        "status": run.status.to_uppercase(),
        "closed": run.closed,
        "processorCents": run.processor_cents,
        "ledgerCents": run.ledger_cents,
        "volumeCents": run.volume_cents,
        "varianceCents": run.variance_cents,
        "startedAt": run.started_at,
        "variances": variances.iter().map(variance).collect::<Vec<_>>(),
    })
}
