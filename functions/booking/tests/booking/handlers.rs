//! Each Lambda of the context by its binary's name: that it answers what it is for, and refuses what it is not for.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use booking::api::{
    jobs, resolvers,
    status::{self, CheckoutEvent, Subscribers, Telling},
    steps, workers,
};
use rastup_runtime::{resolver::Call, step::StepInput};
use rastup_testkit::system;
use rastup_types::{ApiError, Event};
use serde_json::{Value, json};

use crate::support::{Market, SOON, buyer};

/// Samples that are invoked by hand are what the handlers understand.
fn sample(path: &str) -> Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/samples/");
    serde_json::from_str(&std::fs::read_to_string(format!("{root}{path}.json")).unwrap()).unwrap()
}

fn event_of(binary: &str) -> Event {
    let batch = sample(&format!("lambda/{binary}"));
    let body: Value = serde_json::from_str(batch["Records"][0]["body"].as_str().unwrap()).unwrap();
    serde_json::from_value(body["detail"].clone()).unwrap()
}

#[tokio::test]
async fn resolvers_understand_their_samples_and_refuse_unknown_fields() {
    let market = Market::open().await;
    let call = |binary: &str| Call::from_event(sample(&format!("lambda/{binary}"))).unwrap();
    let quoting = || resolvers::Quoting {
        store: market.store().clone(),
        tax: Arc::new(rastup_providers::tax::RateTable),
    };
    let checkout = || resolvers::Checkout {
        cashier: market.cashier(),
        tax: Arc::new(rastup_providers::tax::RateTable),
        publishable_key: "pk_test".to_owned(),
    };
    let unknown = Call::new("Query", "somethingElse", buyer(), json!({}));
    let quoted = resolvers::quote(quoting(), call("booking_quote_resolver")).await;
    assert_eq!(quoted.unwrap_err().code, "SP_NOT_FOUND");
    let started = resolvers::checkout(checkout(), call("booking_checkout_resolver")).await;
    assert_eq!(started.unwrap_err().code, "SP_NOT_FOUND");
    let read = resolvers::orders(market.store().clone(), call("booking_orders_resolver")).await;
    assert_eq!(read.unwrap_err().code, "NOT_FOUND");
    let published = status::resolve(market.store().clone(), call("booking_status_resolver")).await;
    assert_eq!(published.unwrap()["event"], "lbg.confirmed");
    for refused in [
        resolvers::quote(quoting(), unknown.clone()).await,
        resolvers::checkout(checkout(), unknown.clone()).await,
        resolvers::orders(market.store().clone(), unknown.clone()).await,
        status::resolve(market.store().clone(), unknown).await,
    ] {
        assert_eq!(refused.unwrap_err().code, "INTERNAL");
    }
}

#[tokio::test]
async fn steps_understand_their_samples_and_refuse_unknown_actions() {
    let market = Market::open().await;
    for binary in [
        "booking_validate_step",
        "booking_calendar_step",
        "booking_deposit_step",
        "booking_confirm_step",
        "booking_session_step",
        "booking_settle_step",
    ] {
        let input: StepInput = serde_json::from_value(sample(&format!("lambda/{binary}"))).unwrap();
        let rest = json!({ "chargeId": "chg_00000000000000000000000000000001" });
        let odd = StepInput::new("dance", input.lbg_id, rest);
        let missing = StepInput::new("do", input.lbg_id, json!({}));
        let store = || market.store().clone();
        let run = async |input: StepInput| match binary {
            "booking_validate_step" => steps::validate(store(), input, system()).await,
            "booking_calendar_step" => steps::calendar(store(), input, system()).await,
            "booking_deposit_step" => steps::deposit(market.desk(), input, system()).await,
            "booking_confirm_step" => steps::confirm(store(), input, system()).await,
            "booking_session_step" => steps::session(store(), input, system()).await,
            _ => steps::settle(store(), input, system()).await,
        };
        assert_eq!(run(input).await.unwrap_err().code, "NOT_FOUND", "{binary}");
        assert_eq!(run(odd).await.unwrap_err().code, "INTERNAL", "{binary}");
        let refused = run(missing).await.unwrap_err().code;
        assert!(["INPUT_INVALID", "INTERNAL"].contains(&refused), "{binary}: {refused}");
    }
}

#[tokio::test]
async fn booking_docs_worker_ignores_legs_it_does_not_know_and_refuses_other_events() {
    let market = Market::open().await;
    let event = event_of("booking_docs_worker");
    workers::docs(market.store().clone(), event.clone(), system()).await.unwrap();
    let other = Event { event: "doc.pdf.rendered".to_owned(), ..event.clone() };
    assert!(workers::docs(market.store().clone(), other, system()).await.is_err());
    let aimless = Event { ids: serde_json::Map::new(), ..event };
    assert!(workers::docs(market.store().clone(), aimless, system()).await.is_err());
}

#[tokio::test]
async fn booking_payment_worker_retries_what_it_cannot_place_and_refuses_other_events() {
    let market = Market::open().await;
    let event = event_of("booking_payment_worker");
    let unknown = workers::payment(market.cashier(), event.clone(), system()).await;
    assert_eq!(unknown.unwrap_err().code, "NOT_FOUND");
    let other = Event { event: "payment.intent.created".to_owned(), ..event.clone() };
    assert!(workers::payment(market.cashier(), other, system()).await.is_err());
    let aimless = Event { ids: serde_json::Map::new(), ..event };
    assert!(workers::payment(market.cashier(), aimless, system()).await.is_err());
    assert!(market.sagas.names().is_empty());
}

#[derive(Default)]
struct Heard(Mutex<Vec<CheckoutEvent>>);

#[async_trait]
impl Subscribers for Heard {
    async fn tell(&self, event: &CheckoutEvent) -> Result<(), ApiError> {
        self.0.lock().unwrap().push(event.clone());
        Ok(())
    }
}

#[tokio::test]
async fn booking_status_worker_tells_how_the_order_stands_now() {
    let market = Market::open().await;
    let (lbg_id, charge_id) = market.authorised(&buyer(), SOON).await;
    market.run_saga_from(lbg_id, charge_id, &[]).await.unwrap();
    market.unwind(lbg_id, charge_id, "CHK_STUDIO_CONFLICT").await;
    let failed = rastup_testkit::outbox_events(market.store())
        .await
        .into_iter()
        .find(|event| event.event == "lbg.confirm_failed")
        .unwrap();
    let heard = Arc::new(Heard::default());
    let telling =
        Telling { store: market.store().clone(), subscribers: Arc::clone(&heard) as Arc<dyn Subscribers> };
    status::follow(telling.clone(), failed, system()).await.unwrap();
    {
        let told = heard.0.lock().unwrap();
        assert_eq!(
            serde_json::to_value(&told[0]).unwrap(),
            json!({ "lbgId": lbg_id, "event": "lbg.confirm_failed", "status": "AWAITING_PAYMENT",
                    "chargeStatus": "CANCELED", "errorCode": "CHK_STUDIO_CONFLICT",
                    "occurredAt": "2026-06-01T12:00:00.000Z" })
        );
    }
    let unknown = status::follow(telling, event_of("booking_status_worker"), system()).await;
    assert_eq!(unknown.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test]
async fn jobs_find_nothing_to_do_in_an_empty_market() {
    let market = Market::open().await;
    // hold_expiry_job
    let expired = jobs::expire_holds(market.store().clone(), system()).await.unwrap();
    assert_eq!(expired, json!({ "expired": 0 }));
    // deposit_hold_job
    let placed = jobs::place_deposits(market.desk(), system()).await.unwrap();
    assert_eq!(placed, json!({ "placed": 0, "refused": 0, "unknown": 0 }));
}
