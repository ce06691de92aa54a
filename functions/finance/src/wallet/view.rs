//! A wallet as its owner sees it: the balance, and its movements newest first, a page at a time.

use chrono::{DateTime, Utc};
use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, Currency, LbgId, UserId, WalletTxnId};

use crate::FinanceError;

/// Most movements of a page.
const PAGE_MAX: i64 = 100;

/// Balance of a wallet, cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// What it holds.
    pub balance: Cents,
    /// Currency.
    pub currency: Currency,
}

/// A movement of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct WalletTxn {
    /// Identity.
    pub wallet_txn_id: WalletTxnId,
    /// `credit`, `debit` or `adjustment`.
    pub kind: String,
    /// Where it came from or what it paid.
    pub source: String,
    /// More than nothing, cents.
    pub amount_cents: Cents,
    /// What it did to the balance, cents.
    pub delta_cents: Cents,
    /// The balance after it, cents.
    pub balance_after_cents: Cents,
    /// The order.
    pub lbg_id: Option<LbgId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A page of movements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxnPage {
    /// Newest first.
    pub txns: Vec<WalletTxn>,
    /// Where the next page begins; none at the end.
    pub next: Option<WalletTxnId>,
}

/// The wallet of an account; who has none has nothing in it.
pub async fn of_user(unit: &mut Unit, user_id: UserId) -> Result<Wallet, FinanceError> {
    let found: Option<(Cents,)> = sqlx::query_as(
        "select balance_cents from finance.wallet_account where user_id = $1 and currency = 'USD'",
    )
    .bind(user_id)
    .fetch_optional(unit.conn())
    .await?;
    Ok(Wallet { balance: found.map_or(Cents::ZERO, |(balance,)| balance), currency: Currency::USD })
}

/// Movements of an account's wallet after a cursor. Error: `INPUT_INVALID` for a page of nothing or of more than 100.
pub async fn txns(
    unit: &mut Unit,
    user_id: UserId,
    after: Option<WalletTxnId>,
    limit: i64,
) -> Result<TxnPage, FinanceError> {
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(FinanceError::Invalid { field: "limit", problem: "must be between 1 and 100" });
    }
    // Ids are in the order of their making.
    let mut txns: Vec<WalletTxn> = sqlx::query_as(
        "select t.wallet_txn_id, t.kind, t.source, t.amount_cents, t.delta_cents, t.balance_after_cents, t.lbg_id,
             t.created_at
         from finance.wallet_txn t join finance.wallet_account a using (wallet_id)
         where a.user_id = $1 and ($2::text is null or t.wallet_txn_id < $2)
         order by t.wallet_txn_id desc limit $3 + 1",
    )
    .bind(user_id)
    .bind(after)
    .bind(limit)
    .fetch_all(unit.conn())
    .await?;
    let more = txns.len() as i64 > limit;
    txns.truncate(limit as usize);
    let next = txns.last().filter(|_| more).map(|txn| txn.wallet_txn_id);
    Ok(TxnPage { txns, next })
}
