//! Documents of an order: binding the variables of each leg (§1.5.F), issuing its pack, and following what becomes of it.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use documents::{PackRequest, Party, SignerRole};
use profiles::Account;
use rastup_store::{Caller, Store, Unit};
use rastup_types::{
    Cents, Event, LbgId, LegId, PackId, UserId,
    event::NewEvent,
    policy::CancellationPolicy,
    pricing::{LegType, ProfileRole},
};
use serde_json::{Value, json};

use crate::{
    agreement,
    error::BookingError,
    lifecycle::{LegStatus, Trigger},
    order::{self, Leg, Order},
};

/// Issues the pack of every leg that has none; what is out or signed stays.
/// Errors: `DOC_VARS_MISSING`, `DOC_TEMPLATE_GATED`, `DOC_SIGNER_MISSING`, `WRONG_STATE`, `NOT_FOUND`.
pub async fn create_packs(
    store: &Store,
    caller: &Caller,
    lbg_id: LbgId,
) -> Result<Vec<PackId>, BookingError> {
    let mut unit = store.unit(caller).await?;
    let mut order = order::lock_own(&mut unit, lbg_id).await?;
    if !order.is_before_payment() {
        return Err(BookingError::WrongState("The order is past checkout."));
    }
    if order.group.start_at <= unit.now() {
        return Err(BookingError::WrongState("The order's time has passed."));
    }
    agreement::require(&mut unit, &order).await?;
    let buyer = account(&mut unit, order.group.buyer_user_id).await?;
    let mut packs = Vec::with_capacity(order.legs.len());
    let group = order.group.clone();
    for leg in &mut order.legs {
        if leg.status == LegStatus::AwaitingPayment {
            packs.extend(leg.pack_id);
            continue;
        }
        let seller = account(&mut unit, leg.seller_user_id).await?;
        let request = PackRequest {
            lbg_id,
            leg_id: leg.leg_id,
            leg_type: leg.leg_type,
            role: leg.terms.role,
            city: group.city.clone(),
            parties: parties(leg, buyer.as_ref(), seller.as_ref()),
            variables: variables(leg, buyer.as_ref(), seller.as_ref())?,
        };
        let pack_id = documents::issue_pack(&mut unit, &request).await?;
        if leg.pack_id != Some(pack_id) {
            order::apply(&mut unit, leg, Trigger::IssuePack).await?;
            order::set_pack(&mut unit, leg, Some(pack_id)).await?;
        }
        packs.push(pack_id);
    }
    unit.audit("checkout.create_doc_pack", lbg_id, json!({ "packIds": packs }));
    unit.commit().await?;
    Ok(packs)
}

async fn account(unit: &mut Unit, user_id: UserId) -> Result<Option<Account>, sqlx::Error> {
    profiles::account(unit, user_id).await
}

fn parties(leg: &Leg, buyer: Option<&Account>, seller: Option<&Account>) -> Vec<Party> {
    let seller_role = match leg.leg_type {
        LegType::Talent => SignerRole::Talent,
        LegType::Studio => SignerRole::StudioOwner,
    };
    [(SignerRole::Buyer, buyer), (seller_role, seller)]
        .into_iter()
        .filter_map(|(role, account)| {
            let account = account?;
            Some(Party {
                role,
                user_id: account.user_id,
                legal_name: account.legal_name.clone(),
                email: account.email.clone(),
            })
        })
        .collect()
}

fn variables(
    leg: &Leg,
    buyer: Option<&Account>,
    seller: Option<&Account>,
) -> Result<BTreeMap<String, Value>, BookingError> {
    let zone: Tz = leg
        .terms
        .time_zone
        .parse()
        .map_err(|cause| BookingError::Shared(rastup_types::ApiError::internal(cause)))?;
    let local = |at: DateTime<Utc>| at.with_timezone(&zone);
    let time = |at: DateTime<Utc>| json!(local(at).to_rfc3339_opts(SecondsFormat::Secs, false));
    let taxes = leg.service_tax_cents + leg.platform_fee_tax_cents;
    let mut bound = BTreeMap::new();
    let mut bind = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            bound.insert(name.to_owned(), value);
        }
    };
    bind("service_date", Some(json!(local(leg.start_at).format("%Y-%m-%d").to_string())));
    bind("start_time", Some(time(leg.start_at)));
    bind("end_time", Some(time(leg.end_at)));
    bind("location_address", leg.terms.location_address.as_ref().map(|address| json!(address)));
    bind("buyer_legal_name", buyer.map(|account| json!(account.legal_name)));
    bind("seller_legal_name", seller.map(|account| json!(account.legal_name)));
    bind("deliverables_summary", Some(json!(leg.terms.deliverables)));
    bind("total_price", Some(json!(leg.total_cents)));
    bind("taxes", Some(json!(taxes)));
    bind("cancellation_policy_summary", Some(json!(policy_summary(&leg.policy))));
    bind("usage_scope", leg.terms.usage_scope.as_ref().map(|scope| json!(scope)));
    bind("booking_ref", Some(json!(leg.lbg_id)));
    match leg.leg_type {
        LegType::Talent => {
            bind("compensation_summary", Some(json!(compensation(leg.subtotal_cents))));
            if leg.terms.role == Some(ProfileRole::Model) {
                bind("model_legal_name", seller.map(|account| json!(account.legal_name)));
                bind("model_dob", seller.and_then(|account| account.date_of_birth).map(|born| json!(born)));
            }
        }
        LegType::Studio => {
            bind("studio_name", leg.terms.studio_name.as_ref().map(|name| json!(name)));
            let rules = leg.terms.house_rules.join(" ");
            bind("safety_rules", (!rules.is_empty()).then(|| json!(rules)));
            bind("deposit_amount", Some(json!(leg.deposit_cents)));
        }
    }
    Ok(bound)
}

fn compensation(subtotal: Cents) -> String {
    format!("USD {subtotal} for the session")
}

/// The bands as one sentence each, such as "72 hours or more before the start: 100 % refunded."
fn policy_summary(policy: &CancellationPolicy) -> String {
    let bands = policy.bands.iter().map(|band| match band.to_hours {
        None => format!(
            "{} hours or more before the start: {} % refunded.",
            band.from_hours, band.buyer_refund_pct
        ),
        Some(to_hours) => format!(
            "{} to {to_hours} hours before the start: {} % refunded.",
            band.from_hours, band.buyer_refund_pct
        ),
    });
    bands.collect::<Vec<_>>().join(" ")
}

/// What becomes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackNews {
    /// Everybody has signed.
    Signed,
    /// It does not bind any more.
    Lost,
}

/// Follows an event about a pack. News about a pack that is not the leg's active one, or that came before, changes
/// nothing; the documents themselves are asked, so the order of events does not matter.
pub async fn follow_pack(
    store: &Store,
    caller: &Caller,
    leg_id: LegId,
    pack_id: PackId,
    news: PackNews,
) -> Result<(), BookingError> {
    let mut unit = store.unit(caller).await?;
    let Some(lbg_id) = order::group_of_leg(&mut unit, leg_id).await? else { return Ok(()) };
    let mut order = order::lock(&mut unit, lbg_id).await?;
    let was_payable = order.all(LegStatus::AwaitingPayment);
    let Some(leg) = order.legs.iter_mut().find(|leg| leg.leg_id == leg_id) else { return Ok(()) };
    if leg.pack_id != Some(pack_id) {
        return Ok(());
    }
    let signed = documents::is_signed(&mut unit, leg_id).await?;
    match (news, leg.status) {
        (PackNews::Signed, LegStatus::AwaitingDocs) if signed => {
            order::apply(&mut unit, leg, Trigger::SignPack).await?;
        }
        (PackNews::Lost, LegStatus::AwaitingDocs | LegStatus::AwaitingPayment) => {
            order::apply(&mut unit, leg, Trigger::LosePack).await?;
            order::set_pack(&mut unit, leg, None).await?;
        }
        _ => return Ok(()),
    }
    if !was_payable && order.all(LegStatus::AwaitingPayment) {
        unit.publish(ready_to_pay(&order)).await?;
    }
    unit.commit().await?;
    Ok(())
}

fn ready_to_pay(order: &Order) -> NewEvent {
    NewEvent::new("booking", "lbg.awaiting_payment")
        .id("lbg_id", order.group.lbg_id)
        .user(order.group.buyer_user_id)
        .city(&order.group.city)
}

/// The leg and pack that an event of documents is about.
pub fn subject(event: &Event) -> Option<(LegId, PackId)> {
    let id = |key: &str| event.ids.get(key).and_then(Value::as_str);
    Some((id("leg_id")?.parse().ok()?, id("pack_id")?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_told_band_by_band() {
        assert_eq!(
            policy_summary(&CancellationPolicy::standard()),
            "72 hours or more before the start: 100 % refunded. 24 to 72 hours before the start: 50 % refunded. \
             0 to 24 hours before the start: 0 % refunded."
        );
    }
}
