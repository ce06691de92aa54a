//! What a confirmation hands to finance to be frozen as receipts.

use documents::SignedDocument;
use finance::{
    charges::Charge,
    receipts::{DocumentReference, LegSnapshot, ReceiptSnapshot},
};
use rastup_store::Unit;
use rastup_types::UserId;

use crate::{
    error::BookingError,
    order::{self, Leg, Order},
};

/// The order as it is confirmed: names, lines, prices, policies and the hashes of what was signed.
pub(crate) async fn snapshot(
    unit: &mut Unit,
    order: &Order,
    charge: &Charge,
) -> Result<ReceiptSnapshot, BookingError> {
    let mut legs = Vec::with_capacity(order.legs.len());
    for leg in &order.legs {
        legs.push(leg_snapshot(unit, leg).await?);
    }
    let titles: Vec<&str> = order.legs.iter().map(|leg| leg.title.as_str()).collect();
    Ok(ReceiptSnapshot {
        lbg_id: order.group.lbg_id,
        charge_id: charge.charge_id,
        buyer_name: name_of(unit, order.group.buyer_user_id).await?,
        title: titles.join(" + "),
        time_zone: order.legs.first().map(|leg| leg.terms.time_zone.clone()).unwrap_or_default(),
        deposit_auth: order.legs.iter().map(|leg| leg.deposit_cents).sum(),
        legs,
    })
}

async fn leg_snapshot(unit: &mut Unit, leg: &Leg) -> Result<LegSnapshot, BookingError> {
    Ok(LegSnapshot {
        leg_id: leg.leg_id,
        leg_type: leg.leg_type,
        role: leg.terms.role,
        title: leg.title.clone(),
        seller_user_id: leg.seller_user_id,
        seller_name: name_of(unit, leg.seller_user_id).await?,
        start_at: leg.start_at,
        end_at: leg.end_at,
        lines: order::lines(unit, leg.leg_id).await?,
        price: leg.price.0.clone(),
        policy: leg.policy.0.clone(),
        documents: documents::signed_documents(unit, leg.leg_id).await?.into_iter().map(reference).collect(),
    })
}

async fn name_of(unit: &mut Unit, user_id: UserId) -> Result<Option<String>, BookingError> {
    Ok(profiles::account(unit, user_id).await?.map(|account| account.legal_name))
}

fn reference(document: SignedDocument) -> DocumentReference {
    DocumentReference { doc_id: document.doc_id, title: document.title, sha256: document.sha256 }
}
