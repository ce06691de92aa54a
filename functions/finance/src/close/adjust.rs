//! Corrections of the books: one amount between two accounts, by two people, with what it is about.

use rastup_store::{
    Caller, Store, Unit,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{AdjustmentId, ApiError, Cents, Currency, JournalId, Permission, event::NewEvent};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    FinanceError,
    ledger::{self, Account, Journal, JournalKind},
};

/// Most a correction may move, cents.
const AMOUNT_MAX: Cents = Cents(100_000_000);
/// Most things that a correction is linked to.
const LINKED_MAX: usize = 20;

/// A correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adjustment {
    /// Name of the account on the left.
    pub debit_account: String,
    /// Name of the account on the right.
    pub credit_account: String,
    /// More than nothing, cents.
    pub amount_cents: Cents,
    /// What it is booked under, such as a variance's reference; the next comparison counts it there.
    pub reference: Option<String>,
    /// Ids of what it is about.
    #[serde(default)]
    pub linked: Vec<String>,
}

impl Adjustment {
    fn check(&self) -> Result<(Account, Account), FinanceError> {
        let invalid = |field, problem| FinanceError::Invalid { field, problem };
        let debit =
            Account::of_name(&self.debit_account).ok_or(invalid("debitAccount", "is not an account"))?;
        let credit =
            Account::of_name(&self.credit_account).ok_or(invalid("creditAccount", "is not an account"))?;
        if debit == credit {
            return Err(invalid("creditAccount", "must be another account"));
        }
        if self.amount_cents <= Cents::ZERO || self.amount_cents > AMOUNT_MAX {
            return Err(invalid("amountCents", "must be between 1 and 100000000"));
        }
        let named = |text: &String| {
            !text.is_empty() && text.len() <= 255 && text.bytes().all(|b| b.is_ascii_graphic())
        };
        if !self.reference.iter().all(named) {
            return Err(invalid("reference", "must have 1 to 255 plain characters"));
        }
        if self.linked.len() > LINKED_MAX || !self.linked.iter().all(named) {
            return Err(invalid("linked", "must be at most 20 ids"));
        }
        Ok((debit, credit))
    }
}

/// Posts a correction, with two people. Answers with its id once it is posted. Errors: `FORBIDDEN`, `INPUT_INVALID`.
pub async fn adjust(
    store: &Store,
    caller: &Caller,
    adjustment: &Adjustment,
    reason: &str,
) -> Result<(Approval, Option<AdjustmentId>), ApiError> {
    let approver = caller.actor.require(Permission::Books)?;
    let (debit, credit) = adjustment.check()?;
    let mut unit = store.unit(caller).await?;
    let target = adjustment.reference.as_deref().unwrap_or("books");
    let asked = Asked { operation: "adminAdjust", target, payload: adjustment, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    let Approval::Given { requested_by, .. } = approval else {
        unit.commit().await?;
        return Ok((approval, None));
    };
    let adjustment_id: AdjustmentId = unit.mint();
    let journal = Journal {
        kind: JournalKind::Adjustment,
        source_id: adjustment_id.to_string(),
        lbg_id: None,
        ext_ref: adjustment.reference.clone(),
        lines: vec![
            ledger::debit(debit, None, adjustment.amount_cents),
            ledger::credit(credit, None, adjustment.amount_cents),
        ],
    };
    ledger::post(&mut unit, &journal).await?;
    let journal_id: JournalId = sqlx::query_scalar(
        "select journal_id from finance.gl_journal where kind = 'adjustment' and source_id = $1",
    )
    .bind(adjustment_id.to_string())
    .fetch_one(unit.conn())
    .await?;
    keep(&mut unit, adjustment_id, journal_id, adjustment, (reason.trim(), requested_by, approver)).await?;
    let event = NewEvent::new("finance", "adjustment.created")
        .id("adjustment_id", adjustment_id)
        .id("journal_id", journal_id)
        .money(adjustment.amount_cents, Currency::USD)
        .fact("debit_account", debit.name())
        .fact("credit_account", credit.name());
    unit.publish(event).await?;
    let details =
        json!({ "reason": reason, "before": null, "after": adjustment, "requested_by": requested_by });
    unit.audit("books.adjust", adjustment_id, details);
    unit.commit().await?;
    Ok((approval, Some(adjustment_id)))
}

async fn keep(
    unit: &mut Unit,
    adjustment_id: AdjustmentId,
    journal_id: JournalId,
    adjustment: &Adjustment,
    (reason, requested_by, approved_by): (&str, rastup_types::UserId, rastup_types::UserId),
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "insert into finance.adjustment (adjustment_id, journal_id, debit_account, credit_account, amount_cents,
             reference, linked, reason, requested_by, approved_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(adjustment_id)
    .bind(journal_id)
    .bind(&adjustment.debit_account)
    .bind(&adjustment.credit_account)
    .bind(adjustment.amount_cents)
    .bind(&adjustment.reference)
    .bind(json!(adjustment.linked))
    .bind(reason)
    .bind(requested_by)
    .bind(approved_by)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}
