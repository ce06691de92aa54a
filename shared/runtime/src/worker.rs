//! Queue workers: each record is one domain event; what fails comes back alone (partial batch failure).

use std::future::Future;

use lambda_runtime::LambdaEvent;
use rastup_store::Caller;
use rastup_types::{ApiError, Event};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{LambdaError, bus::Relay, telemetry::Invocation};

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
}

/// An event as EventBridge puts it into a queue.
#[derive(Deserialize)]
struct OnTheBus {
    detail: Event,
}

/// Handles one batch and answers with the records to deliver again.
pub async fn handle<D, F, Fut>(
    function: &str,
    relay: &Relay,
    deps: D,
    handler: F,
    batch: Value,
) -> Result<Value, LambdaError>
where
    D: Clone,
    F: Fn(D, Event, Caller) -> Fut,
    Fut: Future<Output = Result<(), ApiError>>,
{
    let batch: Batch = serde_json::from_value(batch)?;
    let mut failures = Vec::new();
    for record in batch.records {
        let handled = match serde_json::from_str::<OnTheBus>(&record.body) {
            Err(_) => {
                // Only the dead-letter queue can hold what nobody can read.
                tracing::error!(function, message_id = record.message_id, "a record is not a domain event");
                false
            }
            Ok(OnTheBus { detail: event }) => {
                let (name, corr_id) = (event.event.clone(), event.corr_id.clone());
                let invocation = Invocation::begin(function, &name, &corr_id);
                let result = handler(deps.clone(), event, Caller::system(corr_id.clone())).await;
                invocation.end(&result);
                result.is_ok()
            }
        };
        if !handled {
            failures.push(json!({ "itemIdentifier": record.message_id }));
        }
    }
    relay.flush().await;
    Ok(json!({ "batchItemFailures": failures }))
}

/// Runs a worker Lambda.
pub async fn run<D, F, Fut>(function: String, relay: Relay, deps: D, handler: F) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, Event, Caller) -> Fut + Copy,
    Fut: Future<Output = Result<(), ApiError>>,
{
    let (function, relay, deps) = (&function, &relay, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<Value>| {
        handle(function, relay, deps.clone(), handler, event.payload)
    }))
    .await
}
