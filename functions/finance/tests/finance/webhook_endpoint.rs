//! `stripe_webhook`: what is believed is stored once, what is not leaves no trace.

use finance::api::{WebhookDeps, stripe_webhook};
use rastup_providers::stripe::signature::sign;
use rastup_runtime::webhook::HttpRequest;
use rastup_store::{Store, sqlx};
use rastup_testkit::{World, assert_outbox_matches_schemas, outbox_events, system};
use rastup_types::ApiError;
use serde_json::{Value, json};

const SECRET: &str = "whsec_current";
const BEFORE: &str = "whsec_previous";

pub(crate) async fn deliver(store: &Store, body: &[u8], header: Option<&str>) -> Result<String, ApiError> {
    let secrets = [SECRET.to_owned(), BEFORE.to_owned()];
    let headers: Vec<(&str, &str)> = header.map(|value| ("Stripe-Signature", value)).into_iter().collect();
    let deps = WebhookDeps { store: store.clone(), secrets: secrets.into() };
    stripe_webhook(deps, HttpRequest::new(&headers, body), system()).await
}

pub(crate) async fn deliver_signed(store: &Store, event: &Value) -> Result<String, ApiError> {
    let body = event.to_string().into_bytes();
    let header = sign(&body, SECRET, store.now().timestamp());
    deliver(store, &body, Some(&header)).await
}

fn event(id: &str) -> Value {
    json!({
        "id": id, "object": "event", "type": "payment_intent.succeeded", "created": 1_780_315_200,
        "api_version": "2026-10-28.endive", "livemode": false,
        "data": { "object": {
            "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 5,
            "client_secret": "pi_1_secret_x", "receipt_email": "dana@example.com",
            "metadata": { "charge_id": "chg_00000000000000000000000000000001" },
        }},
    })
}

async fn stored(store: &Store) -> Vec<(String, Value)> {
    sqlx::query_as("select provider_event_id, body from platform.webhook_inbox order by received_at")
        .fetch_all(store.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_signed_event_is_stored_and_announced_once() {
    let world = World::new().await;
    for _ in 0..3 {
        deliver_signed(&world.store, &event("evt_1")).await.unwrap();
    }
    deliver_signed(&world.store, &event("evt_2")).await.unwrap();
    assert_eq!(stored(&world.store).await.len(), 2);
    let events = outbox_events(&world.store).await;
    let names: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["webhook.stripe.received", "webhook.stripe.received"]);
    assert_outbox_matches_schemas(&world.store).await;
}

#[tokio::test]
async fn secrets_and_personal_data_of_an_event_are_not_stored() {
    let world = World::new().await;
    deliver_signed(&world.store, &event("evt_1")).await.unwrap();
    let (_, body) = stored(&world.store).await.remove(0);
    let text = body.to_string();
    assert!(!text.contains("secret") && !text.contains('@'), "{text}");
    assert_eq!(body["data"]["object"]["id"], "pi_1");
}

#[tokio::test]
async fn while_secrets_rotate_both_are_believed() {
    let world = World::new().await;
    let body = event("evt_1").to_string().into_bytes();
    let header = sign(&body, BEFORE, world.store.now().timestamp());
    deliver(&world.store, &body, Some(&header)).await.unwrap();
    assert_eq!(stored(&world.store).await.len(), 1);
}

#[tokio::test]
async fn forged_stale_and_unsigned_events_are_refused_and_nothing_is_stored() {
    let world = World::new().await;
    let now = world.store.now().timestamp();
    let body = event("evt_1").to_string().into_bytes();
    let changed = event("evt_2").to_string().into_bytes();
    let good = sign(&body, SECRET, now);
    for (what, body, header) in [
        ("no signature", &body, None),
        ("nonsense", &body, Some("nonsense".to_owned())),
        ("another secret", &body, Some(sign(&body, "whsec_other", now))),
        ("another body", &changed, Some(good)),
        ("too old", &body, Some(sign(&body, SECRET, now - 301))),
        ("from the future", &body, Some(sign(&body, SECRET, now + 301))),
    ] {
        let error = deliver(&world.store, body, header.as_deref()).await.unwrap_err();
        assert_eq!(error.code, "INVALID_SIGNATURE", "{what}");
    }
    assert!(stored(&world.store).await.is_empty());
    assert!(outbox_events(&world.store).await.is_empty());
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_refused() {
    let world = World::new().await;
    let long = "x".repeat(300);
    for body in [
        "",
        "[]",
        "{}",
        r#"{"id":"evt_1"}"#,
        r#"{"id":"","type":"x"}"#,
        "\u{0}",
        &format!(r#"{{"id":"{long}","type":"x"}}"#),
    ] {
        let header = sign(body.as_bytes(), SECRET, world.store.now().timestamp());
        let error = deliver(&world.store, body.as_bytes(), Some(&header)).await.unwrap_err();
        assert_eq!(error.code, "INPUT_INVALID", "{body}");
    }
    assert!(stored(&world.store).await.is_empty());
}
