//! Pages: what is fetched over HTTP without signing in, such as a calendar behind a secret address.

use std::{collections::BTreeMap, future::Future};

use lambda_runtime::LambdaEvent;
use rastup_store::Caller;
use rastup_types::{Actor, ApiError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{LambdaError, clock::new_corr_id, telemetry::Invocation};

/// What was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageRequest {
    /// Variables of the route.
    #[serde(default, deserialize_with = "null_as_none")]
    pub path_parameters: BTreeMap<String, String>,
}

fn null_as_none<'de, D: serde::Deserializer<'de>>(d: D) -> Result<BTreeMap<String, String>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Media type with its charset.
    pub content_type: &'static str,
    /// How long the asking program may keep it, seconds.
    pub max_age_seconds: u32,
    /// The text.
    pub body: String,
}

fn status_of(error: &ApiError) -> u16 {
    match error.code {
        "NOT_FOUND" => 404,
        _ if error.retryable => 503,
        _ => 400,
    }
}

/// Answers one request: 200 with the page, or the status of its error. Only a code leaves the backend; nobody but the
/// asking program keeps the page, and no search engine lists it.
pub async fn answer<D, F, Fut>(function: &str, deps: D, handler: F, event: Value) -> Value
where
    F: Fn(D, PageRequest, Caller) -> Fut,
    Fut: Future<Output = Result<Page, ApiError>>,
{
    let corr_id = new_corr_id();
    let invocation = Invocation::begin(function, "page", &corr_id);
    let caller = Caller { actor: Actor::Anonymous, corr_id: corr_id.clone() };
    let result = match serde_json::from_value::<PageRequest>(event) {
        Ok(request) => handler(deps, request, caller).await,
        Err(cause) => Err(ApiError::internal(cause)),
    };
    invocation.end(&result);
    match result {
        Ok(page) => json!({
            "statusCode": 200,
            "headers": {
                "content-type": page.content_type,
                "cache-control": format!("private, max-age={}", page.max_age_seconds),
                "x-robots-tag": "noindex",
                "x-content-type-options": "nosniff",
            },
            "body": page.body,
        }),
        Err(error) => json!({
            "statusCode": status_of(&error),
            "headers": { "content-type": "application/json", "cache-control": "no-store" },
            "body": json!({ "code": error.code, "corrId": corr_id }).to_string(),
        }),
    }
}

/// Runs a page's Lambda.
pub async fn run<D, F, Fut>(function: String, deps: D, handler: F) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, PageRequest, Caller) -> Fut + Copy,
    Fut: Future<Output = Result<Page, ApiError>>,
{
    let (function, deps) = (&function, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<Value, LambdaError>(answer(function, deps.clone(), handler, event.payload).await)
    }))
    .await
}
