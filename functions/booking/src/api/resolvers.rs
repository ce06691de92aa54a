//! The GraphQL fields of quotes, checkout and orders.

use std::sync::Arc;

use finance::Method;
use rastup_providers::tax::TaxQuotes;
use rastup_runtime::resolver::Call;
use rastup_store::Store;
use rastup_types::{ApiError, Cents, LbgId, StudioId, TimeRange};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    access,
    checkout::{self, NewOrder},
    contract,
    error::BookingError,
    order,
    payment::{self, Cashier},
    quote::{self, TalentChoice},
    session, time, view,
};

/// Orders of a page, at most.
const PAGE_MAX: i64 = 50;

/// What quoting needs.
#[derive(Clone)]
pub struct Quoting {
    /// The database.
    pub store: Store,
    /// Tax rates.
    pub tax: Arc<dyn TaxQuotes>,
}

/// What checkout needs.
#[derive(Clone)]
pub struct Checkout {
    /// Payments, state machines and the database.
    pub cashier: Cashier,
    /// Tax rates.
    pub tax: Arc<dyn TaxQuotes>,
    /// Stripe's publishable key, for the client.
    pub publishable_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuoteArgs {
    leg: TalentChoice,
    when: TimeRange,
    city: String,
    studio_id: Option<StudioId>,
    crew_size: Option<i32>,
}

/// Answers `Query.quoteBooking`.
pub async fn quote(deps: Quoting, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "quoteBooking") => {
            let args: QuoteArgs = call.args()?;
            let mut unit = deps.store.unit(&call.caller).await?;
            let tax = deps.tax.as_ref();
            let mut legs = vec![quote::talent(&mut unit, tax, &args.leg, args.when, &args.city).await?];
            if let Some(studio_id) = args.studio_id {
                legs.push(
                    quote::studio(&mut unit, tax, studio_id, args.when, &args.city, args.crew_size).await?,
                );
            }
            Ok(view::quotes(&legs))
        }
        _ => Err(call.unknown_field()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartArgs {
    #[serde(flatten)]
    order: NewOrder,
    client_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DraftArgs {
    draft_id: LbgId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttachArgs {
    draft_id: LbgId,
    studio_id: StudioId,
    crew_size: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PayArgs {
    draft_id: LbgId,
    method: MethodInput,
    client_request_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WalletArgs {
    draft_id: LbgId,
    max_cents: Cents,
}

#[derive(Deserialize)]
struct MethodInput {
    #[serde(rename = "type")]
    kind: Method,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LbgArgs {
    lbg_id: LbgId,
}

/// Answers the mutations of a checkout.
pub async fn checkout(deps: Checkout, call: Call) -> Result<Value, ApiError> {
    let (cashier, caller) = (&deps.cashier, &call.caller);
    let (store, tax) = (&cashier.store, deps.tax.as_ref());
    match (call.parent.as_str(), call.field.as_str()) {
        ("Mutation", "startCheckout") => {
            let args: StartArgs = call.args()?;
            let key = args.client_request_id.as_deref();
            draft(store, &call, checkout::start(store, tax, caller, &args.order, key).await?).await
        }
        ("Mutation", "attachStudioInFlow") => {
            let args: AttachArgs = call.args()?;
            checkout::attach_studio(store, tax, caller, args.draft_id, args.studio_id, args.crew_size)
                .await?;
            draft(store, &call, args.draft_id).await
        }
        ("Mutation", "createDocPack") => {
            let args: DraftArgs = call.args()?;
            let packs = contract::create_packs(store, caller, args.draft_id).await?;
            let mut unit = store.unit(caller).await?;
            let mut answers = Vec::with_capacity(packs.len());
            for pack_id in packs {
                let pack = documents::pack_json(&mut unit, pack_id, &caller.actor).await;
                answers.push(pack.map_err(BookingError::from)?);
            }
            Ok(json!({ "draftId": args.draft_id, "packs": answers }))
        }
        ("Mutation", "createPaymentIntent") => {
            let args: PayArgs = call.args()?;
            let key = args.client_request_id.as_deref();
            let payable =
                payment::create_intent(cashier, caller, args.draft_id, args.method.kind, key).await?;
            Ok(payment::payable_json(&payable, &deps.publishable_key))
        }
        ("Mutation", "applyWalletToCheckout") => {
            let args: WalletArgs = call.args()?;
            let applied = checkout::apply_wallet(store, caller, args.draft_id, args.max_cents).await?;
            Ok(json!({
                "draftId": args.draft_id,
                "appliedCents": applied.applied,
                "priceCents": applied.price,
                "toChargeCents": applied.price - applied.applied,
            }))
        }
        ("Mutation", "confirmPayment") => {
            let args: DraftArgs = call.args()?;
            let confirmation = payment::confirm(cashier, caller, args.draft_id).await?;
            Ok(json!({
                "lbgId": args.draft_id,
                "status": confirmation.status,
                "chargeStatus": confirmation.charge_status.public_name(),
                "confirming": confirmation.confirming,
            }))
        }
        ("Mutation", "markCompleted") => {
            let args: LbgArgs = call.args()?;
            session::mark_completed(store, caller, args.lbg_id).await?;
            completion(store, &call, args.lbg_id).await
        }
        _ => Err(call.unknown_field()),
    }
}

async fn draft(store: &Store, call: &Call, lbg_id: LbgId) -> Result<Value, ApiError> {
    let mut unit = store.unit(&call.caller).await?;
    Ok(json!({ "draftId": lbg_id, "order": view::order(&mut unit, lbg_id).await? }))
}

async fn completion(store: &Store, call: &Call, lbg_id: LbgId) -> Result<Value, ApiError> {
    let mut unit = store.unit(&call.caller).await?;
    let order = order::read(&mut unit, lbg_id).await?;
    let payouts = finance::payouts::of_lbg(&mut unit, lbg_id).await.map_err(BookingError::from)?;
    Ok(json!({
        "lbgId": lbg_id,
        "status": order.status(),
        "completedAt": order.group.completed_at.map(time::text),
        "payouts": payouts.iter().map(|payout| json!({
            "legId": payout.leg_id,
            "payoutId": payout.payout_id,
            "amountCents": payout.amount,
            "status": payout.status.public_name(),
            "scheduledFor": time::text(payout.scheduled_for),
        })).collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageArgs {
    limit: Option<i64>,
    next_token: Option<String>,
}

/// Answers `Query.order` and `Query.myOrders`.
pub async fn orders(store: Store, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "order") => {
            let args: LbgArgs = call.args()?;
            let mut unit = store.unit(&call.caller).await?;
            let order = view::order(&mut unit, args.lbg_id).await?;
            if view::is_read_by_staff(&call.caller.actor, &order) {
                unit.audit("order.read", args.lbg_id, json!({}));
                unit.commit().await?;
            }
            Ok(order)
        }
        ("Query", "myOrders") => {
            let args: PageArgs = call.args()?;
            page(&store, &call, args).await
        }
        _ => Err(call.unknown_field()),
    }
}

async fn page(store: &Store, call: &Call, args: PageArgs) -> Result<Value, ApiError> {
    let limit = args.limit.unwrap_or(20);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::invalid("limit", "must be 1 to 50"));
    }
    let user_id = access::signed_in(&call.caller.actor)?;
    // The token is the last order of the page before; to clients it is opaque.
    let before = match &args.next_token {
        None => None,
        Some(token) => {
            let last = format!("lbg_{token}").parse();
            Some(last.map_err(|_| ApiError::invalid("nextToken", "is not one that was answered"))?)
        }
    };
    let mut unit = store.unit(&call.caller).await?;
    let mut ids = order::of_buyer(&mut unit, user_id, before, limit + 1).await?;
    let has_more = usize::try_from(limit).is_ok_and(|limit| ids.len() > limit);
    if has_more {
        ids.pop();
    }
    let next_token = ids.last().filter(|_| has_more).map(|last: &LbgId| last.as_uuid().simple().to_string());
    let mut items = Vec::with_capacity(ids.len());
    for lbg_id in ids {
        items.push(view::order(&mut unit, lbg_id).await?);
    }
    Ok(json!({ "items": items, "nextToken": next_token }))
}
