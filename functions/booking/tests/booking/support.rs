//! A market to test in: a buyer, a photographer, a studio, Stripe in memory, and state machines that the test runs itself.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use booking::{
    api::{
        resolvers::{self, Checkout, Quoting},
        status, steps, workers,
    },
    deposit_hold::Desk,
    payment::Cashier,
};
use finance::api as finance_steps;
use rastup_providers::{
    stripe::{FakePayments, Payments},
    tax::RateTable,
};
use rastup_runtime::{Sagas, Started, resolver::Call, step::StepInput};
use rastup_store::{Caller, Store, sqlx};
use rastup_testkit::{World, caller, outbox_events, system, user};
use rastup_types::{ApiError, Cents, ChargeId, LbgId, Role, StudioId, UserId, pricing::ProfileRole};
use serde_json::{Value, json};

pub(crate) const BUYER: u128 = 1;
pub(crate) const RIVAL: u128 = 2;
pub(crate) const SELLER: u128 = 11;
pub(crate) const OWNER: u128 = 12;
pub(crate) const STRANGER: u128 = 99;

/// A session within six days of the world's beginning, and one later.
pub(crate) const SOON: (&str, &str) = ("2026-06-03T15:00:00Z", "2026-06-03T17:00:00Z");
pub(crate) const LATER: (&str, &str) = ("2026-06-20T15:00:00Z", "2026-06-20T17:00:00Z");

/// State machines that only remember what was started.
#[derive(Default)]
pub(crate) struct NotedSagas(Mutex<Vec<(String, Value)>>);

#[async_trait]
impl Sagas for NotedSagas {
    async fn start(&self, _: &'static str, name: &str, input: &Value) -> Result<Started, ApiError> {
        let mut started = self.0.lock().unwrap();
        if started.iter().any(|(known, _)| known == name) {
            return Ok(Started::Before);
        }
        started.push((name.to_owned(), input.clone()));
        Ok(Started::Now)
    }
}

impl NotedSagas {
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }
}

pub(crate) struct Market {
    pub(crate) world: World,
    pub(crate) stripe: Arc<FakePayments>,
    pub(crate) sagas: Arc<NotedSagas>,
    pub(crate) seller: profiles::fixtures::Seller,
    pub(crate) studio_id: StudioId,
}

pub(crate) fn buyer() -> Caller {
    caller(user(BUYER), &[Role::Buyer])
}

pub(crate) fn rival() -> Caller {
    caller(user(RIVAL), &[Role::Buyer])
}

impl Market {
    /// A photographer at 450.00, a studio at 80.00 an hour with a deposit of 300.00, and two buyers.
    pub(crate) async fn open() -> Market {
        let world = World::new().await;
        let mut unit = world.store.unit(&system()).await.unwrap();
        let seller =
            profiles::fixtures::seller(&mut unit, user(SELLER), ProfileRole::Photographer, Cents(45_000))
                .await
                .unwrap();
        let studio_id =
            studios::fixtures::studio(&mut unit, user(OWNER), Cents(8_000), Cents(30_000)).await.unwrap();
        for (person, name) in [(BUYER, "Bo Buyer"), (RIVAL, "Riva Rival"), (OWNER, "Oda Owner")] {
            profiles::fixtures::account(&mut unit, user(person), name, None).await.unwrap();
        }
        unit.commit().await.unwrap();
        Market {
            world,
            stripe: Arc::new(FakePayments::new()),
            sagas: Arc::new(NotedSagas::default()),
            seller,
            studio_id,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.world.store
    }

    fn payments(&self) -> Arc<dyn Payments> {
        Arc::clone(&self.stripe) as Arc<dyn Payments>
    }

    pub(crate) fn cashier(&self) -> Cashier {
        Cashier {
            store: self.store().clone(),
            payments: self.payments(),
            sagas: Arc::clone(&self.sagas) as Arc<dyn Sagas>,
        }
    }

    pub(crate) fn desk(&self) -> Desk {
        Desk { store: self.store().clone(), payments: self.payments() }
    }

    pub(crate) fn start_args(&self, when: (&str, &str)) -> Value {
        json!({
            "leg": {
                "serviceProfileId": self.seller.service_profile_id,
                "packageId": self.seller.package_id,
                "addOns": [{ "key": "retouch", "quantity": 2 }],
                "locationAddress": "Hermann Park, Houston",
            },
            "when": { "start": when.0, "end": when.1 },
            "city": "houston",
        })
    }

    /// Calls a mutation of the checkout.
    pub(crate) async fn call(&self, who: &Caller, field: &str, args: Value) -> Result<Value, ApiError> {
        let deps = Checkout {
            cashier: self.cashier(),
            tax: Arc::new(RateTable),
            publishable_key: "pk_test".to_owned(),
        };
        resolvers::checkout(deps, Call::new("Mutation", field, who.clone(), args)).await
    }

    pub(crate) async fn quote(&self, who: &Caller, args: Value) -> Result<Value, ApiError> {
        let deps = Quoting { store: self.store().clone(), tax: Arc::new(RateTable) };
        resolvers::quote(deps, Call::new("Query", "quoteBooking", who.clone(), args)).await
    }

    pub(crate) async fn query(&self, who: &Caller, field: &str, args: Value) -> Result<Value, ApiError> {
        resolvers::orders(self.store().clone(), Call::new("Query", field, who.clone(), args)).await
    }

    pub(crate) async fn follow(&self, who: &Caller, lbg_id: LbgId) -> Result<Value, ApiError> {
        let call = Call::new("Subscription", "checkoutStatus", who.clone(), json!({ "lbgId": lbg_id }));
        status::resolve(self.store().clone(), call).await
    }

    pub(crate) async fn publish(&self, who: &Caller, args: Value) -> Result<Value, ApiError> {
        let call = Call::new("Mutation", "publishCheckoutStatus", who.clone(), args);
        status::resolve(self.store().clone(), call).await
    }

    pub(crate) async fn order(&self, lbg_id: LbgId) -> Value {
        let staff = caller(user(1000), &[Role::Support]);
        self.query(&staff, "order", json!({ "lbgId": lbg_id })).await.unwrap()
    }

    pub(crate) async fn status(&self, lbg_id: LbgId) -> String {
        self.order(lbg_id).await["status"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn leg_statuses(&self, lbg_id: LbgId) -> Vec<String> {
        let order = self.order(lbg_id).await;
        order["legs"].as_array().unwrap().iter().map(|leg| leg["status"].as_str().unwrap().into()).collect()
    }

    pub(crate) async fn start(&self, who: &Caller, when: (&str, &str)) -> LbgId {
        let draft = self.call(who, "startCheckout", self.start_args(when)).await.unwrap();
        draft["draftId"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn attach(&self, who: &Caller, lbg_id: LbgId) -> Result<Value, ApiError> {
        let args = json!({ "draftId": lbg_id, "studioId": self.studio_id });
        self.call(who, "attachStudioInFlow", args).await
    }

    /// Everybody signs everything, and the worker hears of it.
    pub(crate) async fn sign(&self, who: &Caller, lbg_id: LbgId) {
        let packs = self.call(who, "createDocPack", json!({ "draftId": lbg_id })).await.unwrap();
        for pack in packs["packs"].as_array().unwrap() {
            self.sign_pack(pack["packId"].as_str().unwrap()).await;
        }
    }

    /// What the documents context does when an envelope is complete, without its provider.
    pub(crate) async fn sign_pack(&self, pack_id: &str) {
        let mut unit = self.store().unit(&system()).await.unwrap();
        let signed = documents::fixtures::sign_pack(&mut unit, pack_id.parse().unwrap()).await;
        let (lbg_id, leg_id) = signed.unwrap();
        unit.commit().await.unwrap();
        let ids = json!({ "lbg_id": lbg_id, "leg_id": leg_id, "pack_id": pack_id });
        self.hear("doc.pack.signed", ids).await.unwrap();
    }

    /// Delivers an event to the worker that listens to it.
    pub(crate) async fn hear(&self, name: &str, ids: Value) -> Result<(), ApiError> {
        let event = serde_json::from_value(json!({
            "event_id": "evt_000000000000000000000000000000ff", "event": name, "v": 1,
            "occurred_at": "2026-06-01T12:00:00Z", "corr_id": "test-correlation", "ids": ids, "payload": {},
        }))
        .unwrap();
        if name.starts_with("doc.") {
            workers::docs(self.store().clone(), event, system()).await
        } else {
            workers::payment(self.cashier(), event, system()).await
        }
    }

    /// An order of both legs that can be paid.
    pub(crate) async fn ready_to_pay(&self, who: &Caller, when: (&str, &str)) -> LbgId {
        let lbg_id = self.start(who, when).await;
        self.attach(who, lbg_id).await.unwrap();
        self.sign(who, lbg_id).await;
        lbg_id
    }

    pub(crate) async fn intent(&self, who: &Caller, lbg_id: LbgId, kind: &str) -> Result<Value, ApiError> {
        let args = json!({ "draftId": lbg_id, "method": { "type": kind } });
        self.call(who, "createPaymentIntent", args).await
    }

    /// The buyer pays with a good card and saves it for the deposit.
    pub(crate) async fn pay(&self, who: &Caller, lbg_id: LbgId) -> ChargeId {
        let payable = self.intent(who, lbg_id, "CARD").await.unwrap();
        if let Some(setup) = payable["depositSetupIntentId"].as_str() {
            self.stripe.buyer_saves_card(setup).unwrap();
        }
        self.stripe.buyer_pays(payable["paymentIntentId"].as_str().unwrap());
        let answer = self.call(who, "confirmPayment", json!({ "draftId": lbg_id })).await.unwrap();
        assert_eq!(answer["confirming"], true, "{answer}");
        payable["chargeId"].as_str().unwrap().parse().unwrap()
    }

    /// A paid and authorised order of both legs whose confirmation has not run.
    pub(crate) async fn authorised(&self, who: &Caller, when: (&str, &str)) -> (LbgId, ChargeId) {
        let lbg_id = self.ready_to_pay(who, when).await;
        (lbg_id, self.pay(who, lbg_id).await)
    }

    /// A confirmed order of both legs.
    pub(crate) async fn confirmed(&self, who: &Caller, when: (&str, &str)) -> (LbgId, ChargeId) {
        let (lbg_id, charge_id) = self.authorised(who, when).await;
        self.run_saga(lbg_id, charge_id).await.unwrap();
        (lbg_id, charge_id)
    }

    /// One task of a state machine.
    pub(crate) async fn step(
        &self,
        binary: &str,
        action: &str,
        lbg_id: LbgId,
        rest: Value,
    ) -> Result<Value, ApiError> {
        let input = StepInput::new(action, lbg_id, rest);
        let store = self.store().clone();
        let finance_deps =
            || finance_steps::StepDeps { store: self.store().clone(), payments: self.payments() };
        match binary {
            "booking_validate_step" => steps::validate(store, input, system()).await,
            "booking_calendar_step" => steps::calendar(store, input, system()).await,
            "booking_deposit_step" => steps::deposit(self.desk(), input, system()).await,
            "booking_confirm_step" => steps::confirm(store, input, system()).await,
            "booking_session_step" => steps::session(store, input, system()).await,
            "booking_settle_step" => steps::settle(store, input, system()).await,
            "finance_wallet_step" => finance_steps::wallet_step(store, input, system()).await,
            "finance_capture_step" => finance_steps::capture_step(finance_deps(), input, system()).await,
            "finance_tax_step" => finance_steps::tax_step(store, input, system()).await,
            _ => panic!("no such step: {binary}"),
        }
    }

    /// Runs `confirm_lbg` as its definition does: forward, and backward from a failure.
    pub(crate) async fn run_saga(&self, lbg_id: LbgId, charge_id: ChargeId) -> Result<(), ApiError> {
        self.run_saga_from(lbg_id, charge_id, &FORWARD).await
    }

    pub(crate) async fn run_saga_from(
        &self,
        lbg_id: LbgId,
        charge_id: ChargeId,
        forward: &[&str],
    ) -> Result<(), ApiError> {
        for binary in forward {
            let done = self.step(binary, "do", lbg_id, json!({ "chargeId": charge_id })).await;
            if let Err(error) = done {
                self.unwind(lbg_id, charge_id, error.code).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// The undo chain with its end.
    pub(crate) async fn unwind(&self, lbg_id: LbgId, charge_id: ChargeId, code: &str) {
        let rest = json!({ "chargeId": charge_id, "errorCode": code });
        let aborted = self.step("booking_confirm_step", "abort", lbg_id, rest.clone()).await.unwrap();
        if aborted["confirmed"] == true {
            return;
        }
        for binary in BACKWARD {
            self.step(binary, "undo", lbg_id, rest.clone()).await.unwrap();
        }
        self.step("booking_confirm_step", "failed", lbg_id, rest).await.unwrap();
    }

    /// Rows of the calendar: resource and status.
    pub(crate) async fn blocks(&self) -> Vec<(String, String)> {
        sqlx::query_as("select resource, status from booking.calendar_block order by resource")
            .fetch_all(self.world.database().pool())
            .await
            .unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<String> {
        outbox_events(self.store()).await.into_iter().map(|event| event.event).collect()
    }

    pub(crate) async fn count(&self, event: &str) -> usize {
        self.events().await.iter().filter(|name| *name == event).count()
    }

    /// Nothing is confirmed, nothing is charged or held, and the order can be paid again.
    pub(crate) async fn assert_undone(&self, lbg_id: LbgId) {
        assert!(self.leg_statuses(lbg_id).await.iter().all(|status| status == "AWAITING_PAYMENT"));
        assert_eq!(self.stripe.held_or_taken(), Cents::ZERO);
        assert_eq!(self.stripe.live_holds(), 0);
        assert_eq!(self.blocks().await, []);
    }
}

pub(crate) const FORWARD: [&str; 7] = [
    "booking_validate_step",
    "booking_calendar_step",
    "finance_wallet_step",
    "booking_deposit_step",
    "finance_capture_step",
    "finance_tax_step",
    "booking_confirm_step",
];

pub(crate) const BACKWARD: [&str; 5] = [
    "finance_tax_step",
    "finance_capture_step",
    "booking_deposit_step",
    "finance_wallet_step",
    "booking_calendar_step",
];

pub(crate) fn code(result: Result<Value, ApiError>) -> &'static str {
    result.expect_err("a refusal").code
}

pub(crate) fn seller() -> UserId {
    user(SELLER)
}

pub(crate) fn owner() -> UserId {
    user(OWNER)
}
