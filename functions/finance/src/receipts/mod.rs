//! Receipts (§1.3.O): what was agreed and paid, frozen at the confirmation, per leg and for the whole order.

mod json;
mod pdf;

use chrono::{DateTime, Utc};
use rastup_store::{Unit, sqlx};
use rastup_types::{
    Actor, Cents, ChargeId, DocId, LbgId, LegId, ReceiptId, UserId,
    policy::CancellationPolicy,
    pricing::{LegType, PricedLine, ProfileRole},
};
use serde::{Deserialize, Serialize};

use crate::{Charge, FinanceError, LegPrice, Method, Split, charges, tax::same};

pub(crate) use json::{group_json, leg_json};
pub use pdf::render;

/// What a confirmation hands over to be frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptSnapshot {
    /// The order.
    pub lbg_id: LbgId,
    /// What pays it.
    pub charge_id: ChargeId,
    /// Name of the buyer as printed; none leaves it out.
    pub buyer_name: Option<String>,
    /// What was booked, in words.
    pub title: String,
    /// IANA name of the time zone in which times are printed.
    pub time_zone: String,
    /// Card hold for the studio; never part of the total. Cents, zero when there is none.
    pub deposit_auth: Cents,
    /// The legs, in the order they are shown.
    pub legs: Vec<LegSnapshot>,
}

/// A leg as it was confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LegSnapshot {
    /// The leg.
    pub leg_id: LegId,
    /// Person or place.
    pub leg_type: LegType,
    /// The person's role.
    pub role: Option<ProfileRole>,
    /// What was booked.
    pub title: String,
    /// Who is paid.
    pub seller_user_id: UserId,
    /// Name of the seller as printed; none leaves it out.
    pub seller_name: Option<String>,
    /// Start of the session.
    pub start_at: DateTime<Utc>,
    /// End of the session.
    pub end_at: DateTime<Utc>,
    /// Lines of the price; they make its subtotal.
    pub lines: Vec<PricedLine>,
    /// The price, as it was quoted.
    pub price: LegPrice,
    /// Cancellation policy as agreed.
    pub policy: CancellationPolicy,
    /// Signed documents that the leg rests on.
    pub documents: Vec<DocumentReference>,
}

/// A document and the hash of what was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentReference {
    /// The document.
    pub doc_id: DocId,
    /// Title.
    pub title: String,
    /// SHA-256, lowercase hex.
    pub sha256: String,
}

/// How the order was paid, as every receipt repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaidBy {
    method: Method,
    payment_intent_id: String,
}

/// What the database keeps of a leg's receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrozenLeg {
    leg: LegSnapshot,
    split: Cents,
    /// What of it wallet and credits paid.
    #[serde(default)]
    from_credit: Cents,
    paid_by: PaidBy,
    buyer_name: Option<String>,
    time_zone: String,
}

/// What the database keeps of an order's receipt; its legs have receipts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrozenGroup {
    title: String,
    deposit_auth: Cents,
    paid_by: PaidBy,
    buyer_name: Option<String>,
    leg_ids: Vec<LegId>,
}

/// A stored receipt.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Stored<T: serde::de::DeserializeOwned + Send + Unpin + 'static> {
    receipt_id: ReceiptId,
    lbg_id: LbgId,
    buyer_user_id: UserId,
    seller_user_id: Option<UserId>,
    snapshot: sqlx::types::Json<T>,
    issued_at: DateTime<Utc>,
    pdf_key: Option<String>,
    pdf_sha256: Option<String>,
}

/// An order's receipt with those of its legs, and what was returned of each leg.
pub(crate) struct Order {
    group: Stored<FrozenGroup>,
    legs: Vec<(Stored<FrozenLeg>, Cents)>,
}

/// Freezes the receipts of an order: one per leg and one for the whole. Part of the confirmation's unit; a second call
/// changes nothing. Prices must make the charge and its splits to the cent. Errors: as of [`charges::lock_taken`], and
/// `INTERNAL` when an amount differs.
pub async fn freeze(unit: &mut Unit, snapshot: &ReceiptSnapshot) -> Result<(), FinanceError> {
    let charge = charges::lock_taken(unit, snapshot.lbg_id, snapshot.charge_id).await?;
    let splits = charges::splits(unit, charge.charge_id).await?;
    check_prices(&splits, &charge, snapshot)?;
    let paid_by = PaidBy { method: charge.method, payment_intent_id: charge.intent_id()?.to_owned() };
    for leg in &snapshot.legs {
        let frozen = FrozenLeg {
            leg: leg.clone(),
            split: leg.price.total,
            from_credit: splits
                .iter()
                .filter(|split| split.leg_id == leg.leg_id)
                .map(|split| split.wallet + split.credit)
                .sum(),
            paid_by: paid_by.clone(),
            buyer_name: snapshot.buyer_name.clone(),
            time_zone: snapshot.time_zone.clone(),
        };
        insert(unit, &charge, Some((leg.leg_id, leg.seller_user_id)), serde_json::to_value(&frozen)?).await?;
    }
    let group = FrozenGroup {
        title: snapshot.title.clone(),
        deposit_auth: snapshot.deposit_auth,
        paid_by,
        buyer_name: snapshot.buyer_name.clone(),
        leg_ids: snapshot.legs.iter().map(|leg| leg.leg_id).collect(),
    };
    insert(unit, &charge, None, serde_json::to_value(&group)?).await
}

fn check_prices(splits: &[Split], charge: &Charge, snapshot: &ReceiptSnapshot) -> Result<(), FinanceError> {
    let total: Cents = snapshot.legs.iter().map(|leg| leg.price.total).sum();
    let credits: Cents = splits.iter().map(|split| split.wallet + split.credit).sum();
    same("receipt of the order", charge.amount, total - credits)?;
    if splits.len() != snapshot.legs.len() {
        return Err(FinanceError::WrongState("The receipt's legs are not those of the charge."));
    }
    for leg in &snapshot.legs {
        let split = splits.iter().find(|split| split.leg_id == leg.leg_id);
        let split = split.ok_or(FinanceError::WrongState("The receipt names a leg that is not charged."))?;
        same("subtotal of a leg", split.seller_subtotal, PricedLine::total(&leg.lines))?;
        same("subtotal of a leg", split.seller_subtotal, leg.price.subtotal)?;
        same("service tax of a leg", split.service_tax, leg.price.service_tax)?;
        same("platform fee of a leg", split.platform_fee, leg.price.platform_fee)?;
        same("tax on the fee of a leg", split.platform_fee_tax, leg.price.platform_fee_tax)?;
        same("total of a leg", split.amount, leg.price.total)?;
    }
    Ok(())
}

async fn insert(
    unit: &mut Unit,
    charge: &Charge,
    leg: Option<(LegId, UserId)>,
    snapshot: serde_json::Value,
) -> Result<(), FinanceError> {
    let (receipt_id, now): (ReceiptId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into finance.receipt
             (receipt_id, lbg_id, leg_id, charge_id, buyer_user_id, seller_user_id, snapshot, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
    )
    .bind(receipt_id)
    .bind(charge.lbg_id)
    .bind(leg.map(|(leg_id, _)| leg_id))
    .bind(charge.charge_id)
    .bind(charge.buyer_user_id)
    .bind(leg.map(|(_, seller)| seller))
    .bind(snapshot)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Receipt of a leg, for its buyer, its seller and staff, whose look the unit's audit trail keeps. Error: `NOT_FOUND`,
/// also for everybody else.
pub(crate) async fn of_leg(
    unit: &mut Unit,
    leg_id: LegId,
    actor: &Actor,
) -> Result<(Stored<FrozenLeg>, Cents), FinanceError> {
    let stored = stored_leg(unit, leg_id).await?;
    let user = actor.user_id();
    let own = user.is_some() && (user == Some(stored.buyer_user_id) || user == stored.seller_user_id);
    admit(unit, actor, own, stored.receipt_id)?;
    Ok((stored, crate::refunds::refunded_of_leg(unit, leg_id).await?))
}

/// Lets a party or staff read a receipt; what staff reads of others is audited.
fn admit(unit: &mut Unit, actor: &Actor, own: bool, receipt_id: ReceiptId) -> Result<(), FinanceError> {
    if own {
        return Ok(());
    }
    if !actor.reads_orders() {
        return Err(FinanceError::NoSuchReceipt);
    }
    if actor.user_id().is_some() {
        unit.audit("receipt.read", receipt_id, serde_json::json!({}));
    }
    Ok(())
}

async fn stored_leg(unit: &mut Unit, leg_id: LegId) -> Result<Stored<FrozenLeg>, FinanceError> {
    let stored: Option<Stored<FrozenLeg>> = sqlx::query_as("select * from finance.receipt where leg_id = $1")
        .bind(leg_id)
        .fetch_optional(unit.conn())
        .await?;
    stored.ok_or(FinanceError::NoSuchReceipt)
}

/// Receipt of an order, for its buyer and staff, whose look the unit's audit trail keeps. Error: `NOT_FOUND`, also for
/// everybody else.
pub(crate) async fn of_lbg(unit: &mut Unit, lbg_id: LbgId, actor: &Actor) -> Result<Order, FinanceError> {
    let group: Option<Stored<FrozenGroup>> =
        sqlx::query_as("select * from finance.receipt where lbg_id = $1 and leg_id is null")
            .bind(lbg_id)
            .fetch_optional(unit.conn())
            .await?;
    let group = group.ok_or(FinanceError::NoSuchReceipt)?;
    let own = actor.user_id() == Some(group.buyer_user_id);
    admit(unit, actor, own, group.receipt_id)?;
    let mut legs = Vec::new();
    for leg_id in &group.snapshot.leg_ids {
        let refunded = crate::refunds::refunded_of_leg(unit, *leg_id).await?;
        legs.push((stored_leg(unit, *leg_id).await?, refunded));
    }
    Ok(Order { group, legs })
}
