//! Exports and reports for staff, statements and charges for their owners, and the job that makes statements.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rastup_runtime::{Objects, resolver::Call};
use rastup_store::{Caller, Store};
use rastup_types::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::exports::{self, Kind};

/// What exports need.
#[derive(Clone)]
pub struct ExportDeps {
    /// The database.
    pub store: Store,
    /// The bucket of receipts, statements and exports.
    pub objects: Arc<dyn Objects>,
}

#[derive(Deserialize)]
struct RangeArgs {
    from: NaiveDate,
    to: NaiveDate,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct AtArgs {
    at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct PeriodArgs {
    period: Option<String>,
}

/// `finance_exports_resolver`.
pub async fn exports_resolver(deps: ExportDeps, call: Call) -> Result<Value, ApiError> {
    let (store, objects, caller) = (&deps.store, deps.objects.as_ref(), &call.caller);
    let own = caller.actor.user_id().ok_or_else(ApiError::forbidden)?;
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "myCharges") => {
            let args: RangeArgs = call.args()?;
            let mut unit = store.unit(caller).await?;
            let charges = exports::charges_of(&mut unit, own, args.from, args.to).await?;
            let charge = |charge: &exports::ChargeSummary| {
                json!({
                    "lbgId": charge.lbg_id,
                    "amountCents": charge.amount_cents,
                    "refundedCents": charge.refunded_cents,
                    "capturedAt": charge.captured_at,
                    "method": charge.method,
                })
            };
            Ok(charges.iter().map(charge).collect())
        }
        ("Query", "myStatements") => {
            let args: PeriodArgs = call.args()?;
            let mut unit = store.unit(caller).await?;
            let stored = exports::of_user(&mut unit, own, args.period.as_deref()).await?;
            let mut links = Vec::with_capacity(stored.len() * 2);
            for statement in &stored {
                let kind = if statement.kind == Kind::Buyer { "BUYER" } else { "SELLER" };
                for (format, key) in [("CSV", &statement.csv_key), ("PDF", &statement.pdf_key)] {
                    links.push(json!({
                        "url": objects.presigned_url(key).await?,
                        "kind": kind,
                        "format": format,
                        "period": statement.period,
                        "totalCents": statement.total_cents,
                    }));
                }
            }
            Ok(Value::Array(links))
        }
        ("Query", "adminTaxReport") => {
            let args: RangeArgs = call.args()?;
            let mut unit = store.unit(caller).await?;
            let rows = exports::tax_report(&mut unit, args.from, args.to).await?;
            let row = |row: &exports::TaxRow| {
                json!({
                    "city": row.city,
                    "jurisdiction": row.jurisdiction,
                    "kind": row.kind.to_uppercase(),
                    "remitter": row.remitter.to_uppercase(),
                    "legs": row.legs,
                    "taxCents": row.tax_cents,
                })
            };
            Ok(rows.iter().map(row).collect())
        }
        ("Query", "adminTrialBalance") => {
            let args: AtArgs = call.args()?;
            let mut unit = store.unit(caller).await?;
            let at = args.at.unwrap_or(unit.now());
            let balances = exports::trial_balance(&mut unit, at).await?;
            let balance = |balance: &exports::Balance| json!({ "account": balance.account, "kind": balance.kind, "cents": balance.cents });
            Ok(json!({ "at": at, "accounts": balances.iter().map(balance).collect::<Vec<_>>() }))
        }
        ("Mutation", "adminGlExport") => {
            let args: RangeArgs = call.args()?;
            let export = exports::export(store, objects, caller, (args.from, args.to), &args.reason).await?;
            let mut urls = Vec::with_capacity(export.keys.len());
            for key in &export.keys {
                urls.push(objects.presigned_url(key).await?);
            }
            Ok(json!({ "lines": export.lines, "urls": urls }))
        }
        _ => Err(call.unknown_field()),
    }
}

/// `statement_job`: makes the statements of the last month that are not made yet.
pub async fn make_statements(deps: ExportDeps, caller: Caller) -> Result<Value, ApiError> {
    let made = exports::make_due(&deps.store, deps.objects.as_ref(), &caller).await?;
    Ok(json!({ "made": made }))
}
