//! Fee rules as staff changes them (§1.9.B, §1.9.I): versions in time per city and role, a dry run, two people.

use chrono::{DateTime, Utc};
use rastup_store::{
    Caller, Store, Unit,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{ApiError, BasisPoints, Cents, FeeRuleId, Permission, id::TypedId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    FinanceError,
    pricing::{FeeRule, rule_of},
};

/// Roles that rules exist for; `studio` is the role of a place.
pub const ROLES: [&str; 6] = ["model", "photographer", "videographer", "creator", "fansub", "studio"];
/// Cents no fee rule may exceed.
const CEILING_MAX: i64 = 1_000_000;
/// Most examples of a dry run.
const EXAMPLES_MAX: usize = 50;

/// A new version of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeeRuleChange {
    /// Normalised city code.
    pub city: String,
    /// One of [`ROLES`].
    pub role: String,
    /// Rate.
    pub rate_bps: BasisPoints,
    /// Least fee, cents.
    pub floor_cents: Cents,
    /// Greatest fee, cents.
    pub ceiling_cents: Cents,
    /// From when; none is at once.
    pub valid_from: Option<DateTime<Utc>>,
}

/// What a change does to one example leg; cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// The seller's price.
    pub subtotal_cents: Cents,
    /// The fee by the rule that holds; none when there is no rule.
    pub before_cents: Option<Cents>,
    /// The fee by the new rule.
    pub after_cents: Cents,
}

impl FeeRuleChange {
    fn rule(&self) -> FeeRule {
        FeeRule {
            fee_rule_id: FeeRuleId::from_uuid(Default::default()),
            rate_bps: self.rate_bps,
            floor_cents: self.floor_cents,
            ceiling_cents: self.ceiling_cents,
        }
    }

    fn check(&self) -> Result<(), FinanceError> {
        let invalid = |field, problem| Err(FinanceError::Invalid { field, problem });
        let named = !self.city.is_empty()
            && self.city.len() <= 64
            && self.city.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !named {
            return invalid("city", "is not a normalised city code");
        }
        if !ROLES.contains(&self.role.as_str()) {
            return invalid("role", "is not a role with fees");
        }
        if !(0..=10_000).contains(&self.rate_bps.0) {
            return invalid("rateBps", "must be between 0 and 10000");
        }
        if self.floor_cents < Cents::ZERO || self.ceiling_cents < self.floor_cents {
            return invalid("floorCents", "must be between 0 and the ceiling");
        }
        if self.ceiling_cents.0 > CEILING_MAX {
            return invalid("ceilingCents", "must be at most 1000000");
        }
        Ok(())
    }
}

/// What the change does to each example, by the pure rule.
fn compare(before: Option<&FeeRule>, after: &FeeRule, examples: &[Cents]) -> Vec<Example> {
    let example = |subtotal: &Cents| Example {
        subtotal_cents: *subtotal,
        before_cents: before.map(|rule| rule.fee(*subtotal)),
        after_cents: after.fee(*subtotal),
    };
    examples.iter().map(example).collect()
}

/// When a version begins: now, or later.
pub(crate) fn begins(unit: &Unit, valid_from: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, FinanceError> {
    match valid_from {
        Some(from) if from < unit.now() => {
            Err(FinanceError::Invalid { field: "validFrom", problem: "must not be in the past" })
        }
        Some(from) => Ok(from),
        None => Ok(unit.now()),
    }
}

/// What a change would do to example legs; changes nothing. Errors: `FORBIDDEN`, `INPUT_INVALID`.
pub async fn dry_run(
    store: &Store,
    caller: &Caller,
    change: &FeeRuleChange,
    examples: &[Cents],
) -> Result<Vec<Example>, ApiError> {
    caller.actor.require(Permission::FinanceConfigure)?;
    change.check()?;
    if examples.len() > EXAMPLES_MAX || examples.iter().any(|cents| cents.0 < 0) {
        return Err(ApiError::invalid("exampleSubtotals", "must be at most 50 amounts of nothing or more"));
    }
    let mut unit = store.unit(caller).await?;
    let before = match rule_of(&mut unit, &change.city, &change.role).await {
        Ok(rule) => Some(rule),
        Err(FinanceError::FeeRuleMissing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(compare(before.as_ref(), &change.rule(), examples))
}

/// Makes a new version of a rule, with two people. Orders priced before keep their fee. Errors: `FORBIDDEN`, `INPUT_INVALID`
/// when an amount is out of range, or the version would begin in the past or before the last one.
pub async fn set(
    store: &Store,
    caller: &Caller,
    change: &FeeRuleChange,
    reason: &str,
) -> Result<Approval, ApiError> {
    caller.actor.require(Permission::FinanceConfigure)?;
    change.check()?;
    let mut unit = store.unit(caller).await?;
    let from = begins(&unit, change.valid_from)?;
    let target = format!("{}/{}", change.city, change.role);
    let asked = Asked { operation: "adminSetFeeRule", target: &target, payload: change, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    if let Approval::Given { .. } = approval {
        let before = end_last(&mut unit, change, from).await?;
        let fee_rule_id: FeeRuleId = unit.mint();
        let version = before.as_ref().map_or(1, |last| last.version + 1);
        sqlx::query(
            "insert into finance.fee_rule (fee_rule_id, city, role, rate_bps, floor_cents, ceiling_cents, version,
                 valid_from) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(fee_rule_id)
        .bind(&change.city)
        .bind(&change.role)
        .bind(change.rate_bps)
        .bind(change.floor_cents)
        .bind(change.ceiling_cents)
        .bind(version)
        .bind(from)
        .execute(unit.conn())
        .await?;
        let before = before.map(|last| {
            json!({ "rateBps": last.rate_bps, "floorCents": last.floor_cents, "ceilingCents": last.ceiling_cents })
        });
        let details = json!({ "reason": reason, "before": before, "after": change, "version": version });
        unit.audit("fee_rule.set", fee_rule_id, details);
    }
    unit.commit().await?;
    Ok(approval)
}

#[derive(sqlx::FromRow)]
struct Last {
    fee_rule_id: FeeRuleId,
    rate_bps: BasisPoints,
    floor_cents: Cents,
    ceiling_cents: Cents,
    version: i32,
    valid_from: DateTime<Utc>,
}

/// Ends the newest version when the next begins, and answers with it.
async fn end_last(
    unit: &mut Unit,
    change: &FeeRuleChange,
    from: DateTime<Utc>,
) -> Result<Option<Last>, FinanceError> {
    let last: Option<Last> = sqlx::query_as(
        "select fee_rule_id, rate_bps, floor_cents, ceiling_cents, version, valid_from from finance.fee_rule
         where city = $1 and role = $2 order by version desc limit 1 for update",
    )
    .bind(&change.city)
    .bind(&change.role)
    .fetch_optional(unit.conn())
    .await?;
    let Some(last) = last else { return Ok(None) };
    if last.valid_from >= from {
        return Err(FinanceError::Invalid {
            field: "validFrom",
            problem: "must be later than the version before",
        });
    }
    sqlx::query("update finance.fee_rule set valid_until = $2 where fee_rule_id = $1")
        .bind(last.fee_rule_id)
        .bind(from)
        .execute(unit.conn())
        .await?;
    Ok(Some(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change() -> FeeRuleChange {
        FeeRuleChange {
            city: "houston".to_owned(),
            role: "model".to_owned(),
            rate_bps: BasisPoints(1_250),
            floor_cents: Cents(600),
            ceiling_cents: Cents(30_000),
            valid_from: None,
        }
    }

    #[test]
    fn a_dry_run_tells_the_fee_before_and_after() {
        let before = FeeRule { rate_bps: BasisPoints(1_000), floor_cents: Cents(500), ..change().rule() };
        let told = compare(Some(&before), &change().rule(), &[Cents(1_000), Cents(45_000), Cents(0)]);
        let cents: Vec<_> =
            told.iter().map(|e| (e.before_cents.unwrap_or_default().0, e.after_cents.0)).collect();
        assert_eq!(cents, [(500, 600), (4_500, 5_625), (0, 0)]);
        assert_eq!(compare(None, &change().rule(), &[Cents(1)])[0].before_cents, None);
    }

    #[test]
    fn a_rule_out_of_range_is_refused() {
        assert!(change().check().is_ok());
        for bad in [
            FeeRuleChange { city: "Houston!".to_owned(), ..change() },
            FeeRuleChange { role: "buyer".to_owned(), ..change() },
            FeeRuleChange { rate_bps: BasisPoints(10_001), ..change() },
            FeeRuleChange { rate_bps: BasisPoints(-1), ..change() },
            FeeRuleChange { floor_cents: Cents(-1), ..change() },
            FeeRuleChange { ceiling_cents: Cents(599), ..change() },
            FeeRuleChange { ceiling_cents: Cents(1_000_001), ..change() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
