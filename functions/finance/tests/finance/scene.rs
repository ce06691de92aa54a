//! An order of a photographer and a studio in Houston, priced and with its charge; and what tests ask of the books.

use std::{collections::BTreeMap, sync::Arc};

use finance::{
    Charge, DocumentReference, IntentSecret, LegPrice, LegPricing, LegSnapshot, Method, NewCharge, Purpose,
    RateTable, ReceiptSnapshot, Split, charges, price_leg, record_tax_quote, saga,
    wallet::{Credit, Source},
};
use rastup_providers::stripe::FakePayments;
use rastup_store::{Store, Unit, sqlx};
use rastup_testkit::{World, system, user};
use rastup_types::{
    Cents, ChargeId, LbgId, LegId, UserId,
    id::TypedId,
    policy::CancellationPolicy,
    pricing::{LegType, LineKind, PricedLine, ProfileRole},
};
use uuid::Uuid;

pub(crate) const PHOTOGRAPHER_CENTS: i64 = 45_000;
pub(crate) const STUDIO_CENTS: i64 = 38_500;

pub(crate) fn buyer() -> UserId {
    user(1)
}
pub(crate) fn photographer() -> UserId {
    user(2)
}
pub(crate) fn studio_owner() -> UserId {
    user(3)
}

pub(crate) struct Leg {
    pub(crate) leg_id: LegId,
    pub(crate) seller: UserId,
    pub(crate) leg_type: LegType,
    pub(crate) price: LegPrice,
}

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) payments: Arc<FakePayments>,
    pub(crate) lbg_id: LbgId,
    pub(crate) charge_id: ChargeId,
    pub(crate) legs: Vec<Leg>,
}

impl Scene {
    /// The order, priced, its tax quoted and its charge open; Stripe does not know of it yet.
    pub(crate) async fn new(method: Method) -> Scene {
        Scene::priced(method, PHOTOGRAPHER_CENTS, STUDIO_CENTS).await
    }

    /// The order, of which the buyer's wallet pays a part: it holds `held` and is asked for `max`, cents.
    pub(crate) async fn with_wallet(method: Method, held: i64, max: i64) -> Scene {
        Scene::build(method, PHOTOGRAPHER_CENTS, STUDIO_CENTS, Some((held, max))).await
    }

    pub(crate) async fn priced(method: Method, photographer_cents: i64, studio_cents: i64) -> Scene {
        Scene::build(method, photographer_cents, studio_cents, None).await
    }

    async fn build(
        method: Method,
        photographer_cents: i64,
        studio_cents: i64,
        wallet: Option<(i64, i64)>,
    ) -> Scene {
        let world = World::new().await;
        let mut unit = world.store.unit(&system()).await.unwrap();
        let lbg_id: LbgId = unit.mint();
        let mut legs = Vec::new();
        for (leg_type, role, seller, subtotal) in [
            (LegType::Talent, Some(ProfileRole::Photographer), photographer(), photographer_cents),
            (LegType::Studio, None, studio_owner(), studio_cents),
        ] {
            let leg_id: LegId = unit.mint();
            let pricing =
                LegPricing { city: "houston".to_owned(), leg_type, role, subtotal: Cents(subtotal) };
            let price = price_leg(&mut unit, &RateTable, &pricing).await.unwrap();
            record_tax_quote(&mut unit, leg_id, &price).await.unwrap();
            legs.push(Leg { leg_id, seller, leg_type, price });
        }
        let mut new = new_charge(lbg_id, method, &legs);
        if let Some((held, max)) = wallet {
            let price = legs.iter().map(|leg| leg.price.total).sum();
            give(&mut unit, buyer(), held, "held").await;
            finance::wallet::apply(&mut unit, lbg_id, buyer(), price, Cents(max)).await.unwrap();
            finance::wallet::fund(&mut unit, lbg_id, &mut new.splits).await.unwrap();
        }
        let charge = charges::open(&mut unit, &new).await.unwrap();
        unit.commit().await.unwrap();
        let payments = Arc::new(FakePayments::new());
        Scene { world, payments, lbg_id, charge_id: charge.charge_id, legs }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.world.store
    }

    pub(crate) fn new_charge(&self, method: Method) -> NewCharge {
        new_charge(self.lbg_id, method, &self.legs)
    }

    pub(crate) fn total(&self) -> Cents {
        self.legs.iter().map(|leg| leg.price.total).sum()
    }

    pub(crate) async fn intent(&self) -> IntentSecret {
        charges::create_intent(self.store(), self.payments.as_ref(), &system(), self.charge_id).await.unwrap()
    }

    /// The buyer pays, and we have heard of it.
    pub(crate) async fn authorized(method: Method) -> Scene {
        let scene = Scene::new(method).await;
        let intent = scene.intent().await;
        scene.payments.buyer_pays(&intent.payment_intent_id);
        scene.refresh().await;
        scene
    }

    /// The money is taken and the tax committed, as right before the confirmation.
    pub(crate) async fn captured() -> Scene {
        let scene = Scene::authorized(Method::Card).await;
        scene.capture().await.unwrap();
        saga::commit_tax(scene.store(), &system(), scene.lbg_id, scene.charge_id).await.unwrap();
        scene
    }

    pub(crate) async fn refresh(&self) -> Charge {
        charges::refresh(self.store(), self.payments.as_ref(), &system(), self.charge_id).await.unwrap()
    }

    pub(crate) async fn capture(&self) -> Result<Charge, finance::FinanceError> {
        saga::capture(self.store(), self.payments.as_ref(), &system(), self.lbg_id, self.charge_id).await
    }

    pub(crate) async fn undo_capture(&self) -> Result<Charge, finance::FinanceError> {
        saga::undo_capture(self.store(), self.payments.as_ref(), &system(), self.lbg_id, self.charge_id).await
    }

    pub(crate) async fn charge(&self) -> Charge {
        let mut unit = self.store().unit(&system()).await.unwrap();
        charges::get(&mut unit, self.charge_id).await.unwrap()
    }

    pub(crate) fn snapshot(&self) -> ReceiptSnapshot {
        let start_at = "2026-06-10T15:00:00Z".parse().unwrap();
        let legs = self.legs.iter().map(|leg| LegSnapshot {
            leg_id: leg.leg_id,
            leg_type: leg.leg_type,
            role: (leg.leg_type == LegType::Talent).then_some(ProfileRole::Photographer),
            title: "Portrait session".to_owned(),
            seller_user_id: leg.seller,
            seller_name: Some("Marisol Ortega".to_owned()),
            start_at,
            end_at: start_at + chrono::Duration::hours(4),
            lines: vec![PricedLine::new(LineKind::Package, "Half day", 1, leg.price.subtotal).unwrap()],
            price: leg.price.clone(),
            policy: CancellationPolicy::standard(),
            documents: vec![DocumentReference {
                doc_id: TypedId::from_uuid(Uuid::from_u128(77)),
                title: "Talent SOW".to_owned(),
                sha256: "ab".repeat(32),
            }],
        });
        ReceiptSnapshot {
            lbg_id: self.lbg_id,
            charge_id: self.charge_id,
            buyer_name: Some("Dana Whitfield".to_owned()),
            title: "Portrait session at Daylight Loft".to_owned(),
            time_zone: "America/Chicago".to_owned(),
            deposit_auth: Cents(30_000),
            legs: legs.collect(),
        }
    }

    /// Balance of each account over all journals: debits less credits, cents.
    pub(crate) async fn balances(&self) -> BTreeMap<String, i64> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select account, sum(debit_cents - credit_cents)::bigint from finance.gl_entry group by account",
        )
        .fetch_all(self.store().pool())
        .await
        .unwrap();
        rows.into_iter().collect()
    }

    pub(crate) async fn journals(&self) -> Vec<String> {
        let rows: Vec<(String,)> = sqlx::query_as("select kind from finance.gl_journal order by journal_id")
            .fetch_all(self.store().pool())
            .await
            .unwrap();
        rows.into_iter().map(|(kind,)| kind).collect()
    }

    /// Names of the events so far, without those of ledger and tax.
    pub(crate) async fn events(&self) -> Vec<String> {
        let events = rastup_testkit::outbox_events(self.store()).await;
        let names = events.into_iter().map(|event| event.event);
        names.filter(|name| !name.starts_with("gl.") && !name.starts_with("tax.")).collect()
    }
}

/// Gives a wallet credit that a refund left.
pub(crate) async fn give(unit: &mut Unit, user_id: UserId, cents: i64, key: &str) -> bool {
    let credit = Credit {
        user_id,
        amount: Cents(cents),
        source: Source::RefundResidual,
        lbg_id: None,
        leg_id: None,
        key,
    };
    finance::wallet::credit(unit, &credit).await.unwrap()
}

fn new_charge(lbg_id: LbgId, method: Method, legs: &[Leg]) -> NewCharge {
    let splits = legs.iter().map(|leg| Split {
        leg_id: leg.leg_id,
        seller_user_id: leg.seller,
        amount: leg.price.total,
        seller_subtotal: leg.price.subtotal,
        service_tax: leg.price.service_tax,
        platform_fee: leg.price.platform_fee,
        platform_fee_tax: leg.price.platform_fee_tax,
        wallet: Cents::ZERO,
        credit: Cents::ZERO,
        platform_remits: leg.price.platform_remits,
    });
    NewCharge {
        lbg_id,
        purpose: Purpose::Booking,
        source_id: None,
        buyer_user_id: buyer(),
        method,
        splits: splits.collect(),
    }
}
