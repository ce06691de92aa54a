//! Scheduled jobs: do what is due, and say how much it was.

use std::future::Future;

use lambda_runtime::LambdaEvent;
use rastup_store::Caller;
use rastup_types::ApiError;
use serde_json::Value;

use crate::{LambdaError, bus::Relay, clock::new_corr_id, telemetry::Invocation};

/// Runs a job Lambda; `relay` publishes what the job committed, where it has one.
pub async fn run<D, F, Fut>(
    function: String,
    relay: Option<Relay>,
    deps: D,
    handler: F,
) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, Caller) -> Fut + Copy,
    Fut: Future<Output = Result<Value, ApiError>>,
{
    let (function, relay, deps) = (&function, &relay, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |_: LambdaEvent<Value>| async move {
        let corr_id = new_corr_id();
        let invocation = Invocation::begin(function, "job", &corr_id);
        let result = handler(deps.clone(), Caller::system(corr_id.clone())).await;
        if let Some(relay) = relay {
            relay.flush().await;
        }
        invocation.end(&result);
        result.map_err(LambdaError::from)
    }))
    .await
}
