//! Handler test of `esign_webhook`: what is accepted, stored, repeated and refused.

use rastup_providers::esign::Callback;
use rastup_runtime::webhook::HttpRequest;
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events, system};
use serde_json::Value;

use crate::world::{API_KEY, Desk, callback_request};

async fn stored(desk: &Desk) -> Vec<Value> {
    sqlx::query_scalar("select body from platform.webhook_inbox")
        .fetch_all(desk.store().pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_callback_is_stored_announced_and_answered_as_the_provider_wants() {
    let desk = Desk::new().await;
    let answer = desk.receive(desk.callback("signature_request_signed", "env1", Some("sig1"))).await;
    assert_eq!(answer.as_deref(), Ok("Hello API Event Received"));
    let bodies = stored(&desk).await;
    assert_eq!(bodies.len(), 1);
    let callback: Callback = serde_json::from_value(bodies[0].clone()).unwrap();
    assert_eq!(callback.envelope_id.as_deref(), Some("env1"));
    assert!(!bodies[0].to_string().contains("example.com"), "only ids are kept");
    assert_eq!(desk.count("webhook.esign.received").await, 1);
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn a_repeated_callback_is_stored_once_and_acknowledged_each_time() {
    let desk = Desk::new().await;
    for _ in 0..3 {
        let request = desk.callback("signature_request_signed", "env1", Some("sig1"));
        assert!(desk.receive(request).await.is_ok());
    }
    assert_eq!((stored(&desk).await.len(), desk.count("webhook.esign.received").await), (1, 1));
    desk.receive(desk.callback("signature_request_signed", "env1", Some("sig2"))).await.unwrap();
    assert_eq!(stored(&desk).await.len(), 2);
}

#[tokio::test]
async fn forged_stale_and_malformed_callbacks_are_refused_with_nothing_stored() {
    let desk = Desk::new().await;
    let now = desk.store().now().timestamp();
    let kind = "signature_request_signed";
    let requests = [
        callback_request("another-key", kind, &now.to_string(), Some("env1"), None),
        callback_request(API_KEY, kind, &(now - 200_000).to_string(), Some("env1"), None),
        callback_request(API_KEY, kind, &(now + 3_600).to_string(), Some("env1"), None),
        callback_request(API_KEY, kind, "yesterday", Some("env1"), None),
        HttpRequest::new(&[("content-type", "application/json")], "{}"),
        HttpRequest::new(&[], ""),
    ];
    for request in requests {
        assert_eq!(desk.receive(request).await.unwrap_err().code, "ENVELOPE_HMAC_INVALID");
    }
    assert!(stored(&desk).await.is_empty());
    assert!(outbox_events(desk.store()).await.is_empty());
}

#[tokio::test]
async fn the_test_callback_of_the_provider_is_kept_and_ignored() {
    let desk = Desk::new().await;
    let time = desk.store().now().timestamp().to_string();
    let request = callback_request(API_KEY, "callback_test", &time, None, None);
    desk.receive(request).await.unwrap();
    let event = desk.last("webhook.esign.received").await.unwrap();
    desk.follow(event).await.unwrap();
    let outcome: String = sqlx::query_scalar("select outcome from platform.webhook_inbox")
        .fetch_one(desk.store().pool())
        .await
        .unwrap();
    assert_eq!(outcome, "ignored");
}

#[tokio::test]
async fn the_sample_request_is_one_that_the_handler_takes() {
    let desk = Desk::new().await;
    let sample: Value =
        serde_json::from_str(include_str!("../../../../events/samples/lambda/esign_webhook.json")).unwrap();
    let headers = [("content-type", sample["headers"]["content-type"].as_str().unwrap())];
    let request = HttpRequest::new(&headers, sample["body"].as_str().unwrap());
    let deps = documents::api::esign_webhook::Deps {
        store: desk.store().clone(),
        api_key: "esign_rastup_local".to_owned(),
    };
    documents::api::esign_webhook::handle(deps, request, system()).await.unwrap();
    assert_eq!(stored(&desk).await.len(), 1);
}
