//! Webhooks: an HTTP request as the provider sent it, byte for byte, because signatures cover the raw body.

use std::{collections::BTreeMap, future::Future};

use base64::Engine;
use lambda_runtime::LambdaEvent;
use rastup_store::Caller;
use rastup_types::ApiError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{LambdaError, bus::Relay, clock::new_corr_id, telemetry::Invocation};

/// Largest body that is looked at, bytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    headers: BTreeMap<String, String>,
    /// The raw body.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayEvent {
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl HttpRequest {
    /// A request made by a test.
    pub fn new(headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> HttpRequest {
        let headers = headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned()));
        HttpRequest { headers: headers.collect(), body: body.into() }
    }

    fn from_event(event: GatewayEvent) -> Result<HttpRequest, ApiError> {
        let body = event.body.unwrap_or_default();
        let body = if event.is_base64_encoded {
            let engine = base64::engine::general_purpose::STANDARD;
            engine.decode(body).map_err(|_| ApiError::invalid("body", "is not valid base64"))?
        } else {
            body.into_bytes()
        };
        if body.len() > BODY_BYTES_MAX {
            return Err(ApiError::new("INPUT_TOO_LARGE", "The body is too large.", "Send at most 256 KiB."));
        }
        let headers = event.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        Ok(HttpRequest { headers: headers.collect(), body })
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

fn status_of(error: &ApiError) -> u16 {
    match error.code {
        "INVALID_SIGNATURE" | "ENVELOPE_HMAC_INVALID" => 401,
        "INPUT_TOO_LARGE" => 413,
        _ if error.retryable => 503,
        _ => 400,
    }
}

/// Answers one request: 200 with the handler's text, or the status of its error. Only a code leaves the backend.
pub async fn answer<D, F, Fut>(function: &str, relay: &Relay, deps: D, handler: F, event: Value) -> Value
where
    F: Fn(D, HttpRequest, Caller) -> Fut,
    Fut: Future<Output = Result<String, ApiError>>,
{
    let corr_id = new_corr_id();
    let invocation = Invocation::begin(function, "webhook", &corr_id);
    let request = serde_json::from_value(event).map_err(ApiError::internal).and_then(HttpRequest::from_event);
    let result = match request {
        Ok(request) => handler(deps, request, Caller::system(corr_id.clone())).await,
        Err(error) => Err(error),
    };
    if result.is_ok() {
        relay.flush().await;
    }
    invocation.end(&result);
    match result {
        Ok(text) => json!({ "statusCode": 200, "headers": { "content-type": "text/plain" }, "body": text }),
        Err(error) => json!({
            "statusCode": status_of(&error),
            "headers": { "content-type": "application/json" },
            "body": json!({ "code": error.code, "corrId": corr_id }).to_string(),
        }),
    }
}

/// Runs a webhook Lambda.
pub async fn run<D, F, Fut>(function: String, relay: Relay, deps: D, handler: F) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, HttpRequest, Caller) -> Fut + Copy,
    Fut: Future<Output = Result<String, ApiError>>,
{
    let (function, relay, deps) = (&function, &relay, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<Value, LambdaError>(answer(function, relay, deps.clone(), handler, event.payload).await)
    }))
    .await
}
