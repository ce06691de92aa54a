//! Staff changes a wallet: goodwill alone within a cap per person and month, beyond it and for taking away with a second person.

use chrono::Duration;
use rastup_store::{
    Caller, Store, Unit,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{ApiError, Cents, Currency, Permission, UserId, event::NewEvent};
use serde::Serialize;
use serde_json::json;

use super::{Movement, book, lock};
use crate::{
    FinanceError,
    ledger::{self, Account, Journal, JournalKind},
};

/// What one person of staff may give out alone in thirty days, cents.
const GOODWILL_CAP: Cents = Cents(50_000);
/// What one adjustment may move at most, cents.
const ADJUSTMENT_MAX: Cents = Cents(1_000_000);

/// A change of a wallet by staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletChange {
    /// Whose wallet.
    pub user_id: UserId,
    /// Positive gives, negative takes away; cents.
    pub delta: Cents,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adjusted {
    /// It waits for a second person.
    Waits(Approval),
    /// It is done; the balance after it, cents.
    Done(Cents),
}

/// True when the change needs nobody else: it gives, and stays within what the person may still give this month.
fn is_within_cap(delta: Cents, given: Cents) -> bool {
    delta > Cents::ZERO && given + delta <= GOODWILL_CAP
}

/// Changes a wallet, once per `request_key`. Errors: `FORBIDDEN`, `INPUT_INVALID`, `WALLET_INSUFFICIENT_FUNDS` when more is taken than there is.
pub async fn adjust(
    store: &Store,
    caller: &Caller,
    change: WalletChange,
    reason: &str,
    request_key: &str,
) -> Result<Adjusted, ApiError> {
    let staff = caller.actor.require(Permission::Goodwill)?;
    let reason = approval::reason(reason)?;
    if change.delta == Cents::ZERO || change.delta.0.abs() > ADJUSTMENT_MAX.0 {
        return Err(ApiError::invalid("amountCents", "must be between 1 and 1000000 in either direction"));
    }
    if request_key.is_empty() || request_key.len() > 128 || request_key.chars().any(char::is_control) {
        return Err(ApiError::invalid("clientRequestId", "must have 1 to 128 characters"));
    }
    let mut unit = store.unit(caller).await?;
    let (_, before) = lock(&mut unit, change.user_id).await?;
    let key = format!("adjust:{}:{request_key}", change.user_id);
    let known: Option<(Cents,)> =
        sqlx::query_as("select delta_cents from finance.wallet_txn where idempotency_key = $1")
            .bind(&key)
            .fetch_optional(unit.conn())
            .await?;
    match known {
        Some((delta,)) if delta == change.delta => return Ok(Adjusted::Done(before)),
        Some(_) => {
            return Err(ApiError::new(
                "IDEMPOTENCY_CONFLICT",
                "This `clientRequestId` was used for a different request.",
                "Use a new `clientRequestId` for a new request.",
            ));
        }
        None => {}
    }
    // One at a time for a person, so that two calls cannot both be the last within the cap.
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("goodwill:{staff}"))
        .execute(unit.conn())
        .await?;
    if !is_within_cap(change.delta, given(&mut unit, staff).await?) {
        let target = change.user_id.to_string();
        let payload = json!({ "change": change, "clientRequestId": request_key });
        let asked = Asked { operation: "adminWalletAdjust", target: &target, payload: &payload, reason };
        let approval = approval::second_person(&mut unit, asked).await?;
        if let Approval::Waits { .. } = approval {
            unit.commit().await?;
            return Ok(Adjusted::Waits(approval));
        }
    }
    let after = write(&mut unit, change, reason, &key).await?;
    let details = json!({ "reason": reason, "before": before, "after": after });
    unit.audit("wallet.adjust", change.user_id, details);
    unit.commit().await?;
    Ok(Adjusted::Done(after))
}

/// What the person has given in the last thirty days, cents.
async fn given(unit: &mut Unit, staff: UserId) -> Result<Cents, sqlx::Error> {
    let since = unit.now() - Duration::days(30);
    let (sum,): (Cents,) = sqlx::query_as(
        "select coalesce(sum(amount_cents), 0)::bigint from finance.wallet_txn
         where source = 'goodwill' and delta_cents > 0 and created_by = $1 and created_at > $2",
    )
    .bind(staff)
    .bind(since)
    .fetch_one(unit.conn())
    .await?;
    Ok(sum)
}

async fn write(
    unit: &mut Unit,
    change: WalletChange,
    reason: &str,
    key: &str,
) -> Result<Cents, FinanceError> {
    let movement = Movement {
        kind: "adjustment",
        source: "goodwill",
        delta: change.delta,
        lbg_id: None,
        leg_id: None,
        charge: None,
        note: Some(reason),
        key,
    };
    let txn_id = book(unit, change.user_id, &movement).await?;
    let txn_id = txn_id.ok_or(FinanceError::WrongState("The change was made already."))?;
    ledger::post(unit, &journal(change.delta, txn_id.to_string())).await?;
    let name = if change.delta > Cents::ZERO { "wallet.credit" } else { "wallet.debit" };
    let event = NewEvent::new("finance", name)
        .id("wallet_txn_id", txn_id)
        .user(change.user_id)
        .money(Cents(change.delta.0.abs()), Currency::USD)
        .fact("source", "goodwill");
    unit.publish(event).await?;
    Ok(lock(unit, change.user_id).await?.1)
}

/// Given: our expense against the wallet. Taken away: the other way round.
fn journal(delta: Cents, source_id: String) -> Journal {
    let amount = Cents(delta.0.abs());
    let (kind, from, to) = if delta > Cents::ZERO {
        (JournalKind::WalletCredit, Account::GoodwillExpense, Account::BuyerWallet)
    } else {
        (JournalKind::WalletReversal, Account::BuyerWallet, Account::GoodwillExpense)
    };
    let lines = vec![ledger::debit(from, None, amount), ledger::credit(to, None, amount)];
    Journal { kind, source_id, lbg_id: None, ext_ref: None, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodwill_beyond_the_cap_and_taking_away_need_a_second_person() {
        for (delta, given, alone) in
            [(50_000, 0, true), (50_001, 0, false), (1, 50_000, false), (1, 49_999, true), (-1, 0, false)]
        {
            assert_eq!(is_within_cap(Cents(delta), Cents(given)), alone, "{delta} after {given}");
        }
    }
}
