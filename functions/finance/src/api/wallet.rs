//! The GraphQL fields of wallets.

use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, Cents, UserId, WalletTxnId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::decision::{decision, done};
use crate::wallet::{self, Adjusted, WalletChange, WalletTxn};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageArgs {
    limit: Option<i64>,
    next_token: Option<WalletTxnId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdjustArgs {
    user_id: UserId,
    amount_cents: Cents,
    reason: String,
    client_request_id: String,
}

/// `finance_wallet_resolver`.
pub async fn wallet_resolver(store: Store, call: Call) -> Result<Value, ApiError> {
    let own = call.caller.actor.user_id().ok_or_else(ApiError::forbidden);
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "myWallet") => {
            let wallet = wallet::of_user(&mut store.unit(&call.caller).await?, own?).await?;
            Ok(json!({ "balanceCents": wallet.balance, "currency": wallet.currency }))
        }
        ("Query", "myWalletTxns") => {
            let args: PageArgs = call.args()?;
            let (mut unit, limit) = (store.unit(&call.caller).await?, args.limit.unwrap_or(20));
            let page = wallet::txns(&mut unit, own?, args.next_token, limit).await?;
            let items: Vec<Value> = page.txns.iter().map(txn_json).collect();
            Ok(json!({ "items": items, "nextToken": page.next }))
        }
        ("Mutation", "adminWalletAdjust") => {
            let args: AdjustArgs = call.args()?;
            let change = WalletChange { user_id: args.user_id, delta: args.amount_cents };
            let key = &args.client_request_id;
            Ok(match wallet::adjust(&store, &call.caller, change, &args.reason, key).await? {
                Adjusted::Waits(approval) => json!({ "decision": decision(&approval) }),
                Adjusted::Done(balance) => json!({ "decision": done(), "balanceCents": balance }),
            })
        }
        _ => Err(call.unknown_field()),
    }
}

fn txn_json(txn: &WalletTxn) -> Value {
    json!({
        "walletTxnId": txn.wallet_txn_id,
        "kind": txn.kind.to_uppercase(),
        "source": txn.source.to_uppercase(),
        "amountCents": txn.amount_cents,
        "deltaCents": txn.delta_cents,
        "balanceAfterCents": txn.balance_after_cents,
        "lbgId": txn.lbg_id,
        "createdAt": txn.created_at,
    })
}
