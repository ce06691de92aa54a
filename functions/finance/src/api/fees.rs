//! The GraphQL fields of fees: what a fee would be, and its rules and the merchant of record for staff.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rastup_providers::tax::TaxQuotes;
use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, BasisPoints, Cents};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decision::decision;
use crate::{
    fee_rules::{self, FeeRuleChange},
    mor::{self, MorChange, Remitter},
    pricing,
};

/// What fees need.
#[derive(Clone)]
pub struct FeeDeps {
    /// The database.
    pub store: Store,
    /// Tax rates.
    pub tax: Arc<dyn TaxQuotes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuoteArgs {
    city: String,
    role: String,
    subtotal_cents: Cents,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RuleArgs {
    city: String,
    role: String,
    rate_bps: BasisPoints,
    floor_cents: Cents,
    ceiling_cents: Cents,
    valid_from: Option<DateTime<Utc>>,
    reason: String,
    dry_run: Option<bool>,
    example_subtotals: Option<Vec<Cents>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MorArgs {
    city: String,
    remitter: Remitter,
    valid_from: Option<DateTime<Utc>>,
    reason: String,
}

/// `finance_fees_resolver`.
pub async fn fees_resolver(deps: FeeDeps, call: Call) -> Result<Value, ApiError> {
    let (store, tax) = (&deps.store, deps.tax.as_ref());
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "feeQuote") => {
            let args: QuoteArgs = call.args()?;
            call.caller.actor.user_id().ok_or_else(ApiError::forbidden)?;
            let mut unit = store.unit(&call.caller).await?;
            let role = args.role.to_lowercase();
            let quote = pricing::quote_fee(&mut unit, tax, &args.city, &role, args.subtotal_cents).await?;
            unit.commit().await?;
            Ok(json!({
                "feeRuleId": quote.fee_rule_id,
                "rateBps": quote.rate_bps,
                "platformFeeCents": quote.fee,
                "platformFeeTaxCents": quote.tax,
                "currency": "USD",
            }))
        }
        ("Mutation", "adminSetFeeRule") => {
            let args: RuleArgs = call.args()?;
            let change = FeeRuleChange {
                city: args.city,
                role: args.role.to_lowercase(),
                rate_bps: args.rate_bps,
                floor_cents: args.floor_cents,
                ceiling_cents: args.ceiling_cents,
                valid_from: args.valid_from,
            };
            let subtotals = args.example_subtotals.unwrap_or_default();
            let examples = fee_rules::dry_run(store, &call.caller, &change, &subtotals).await?;
            let done = match args.dry_run {
                Some(true) => json!({ "status": "DRY_RUN" }),
                Some(false) | None => {
                    decision(&fee_rules::set(store, &call.caller, &change, &args.reason).await?)
                }
            };
            Ok(json!({ "decision": done, "examples": examples }))
        }
        ("Mutation", "adminSetMor") => {
            let args: MorArgs = call.args()?;
            let change = MorChange { city: args.city, remitter: args.remitter, valid_from: args.valid_from };
            Ok(decision(&mor::set(store, tax, &call.caller, &change, &args.reason).await?))
        }
        _ => Err(call.unknown_field()),
    }
}
