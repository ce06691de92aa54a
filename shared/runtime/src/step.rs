//! Tasks of a saga: an action on an order; a failure carries its public code as the error type, for Retry and Catch.

use std::future::Future;

use lambda_runtime::{Diagnostic, LambdaEvent};
use rastup_store::Caller;
use rastup_types::{ApiError, LbgId};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{LambdaError, bus::Relay, telemetry::Invocation};

/// What a state machine asks of a step.
#[derive(Debug, Clone, Deserialize)]
pub struct StepInput {
    /// `do`, `undo`, or another action of the step.
    pub action: String,
    /// The order.
    #[serde(rename = "lbgId")]
    pub lbg_id: LbgId,
    /// Everything else that the machine passes.
    #[serde(flatten)]
    rest: Value,
}

impl StepInput {
    /// A step asked for by a test.
    pub fn new(action: &str, lbg_id: LbgId, rest: Value) -> StepInput {
        StepInput { action: action.to_owned(), lbg_id, rest }
    }

    /// A further field of the input. Error: `INPUT_INVALID`; a mistake in the state machine.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Result<T, ApiError> {
        serde_json::from_value(self.rest[name].clone())
            .map_err(|_| ApiError::invalid(name, "is missing or malformed"))
    }

    /// The error for an action that the step does not know; a mistake in the state machine.
    pub fn unknown_action(&self) -> ApiError {
        ApiError::internal(format!("no such action: {}", self.action))
    }
}

/// Turns an error into what Step Functions matches on. Unknown failures count as transient: the retry is safe, and
/// the machine undoes everything when retries do not help.
fn diagnostic(error: &ApiError) -> Diagnostic {
    let error_type = if error.retryable { "TRANSIENT" } else { error.code };
    Diagnostic { error_type: error_type.to_owned(), error_message: error.message.clone() }
}

/// Runs a step Lambda.
pub async fn run<D, F, Fut>(function: String, relay: Relay, deps: D, handler: F) -> Result<(), LambdaError>
where
    D: Clone,
    F: Fn(D, StepInput, Caller) -> Fut + Copy,
    Fut: Future<Output = Result<Value, ApiError>>,
{
    let (function, relay, deps) = (&function, &relay, &deps);
    lambda_runtime::run(lambda_runtime::service_fn(move |event: LambdaEvent<StepInput>| async move {
        let input = event.payload;
        // One id for everything that a saga does to an order: its log lines and events are found by the order.
        let corr_id = input.lbg_id.to_string();
        let operation = input.action.clone();
        let invocation = Invocation::begin(function, &operation, &corr_id);
        let call = || handler(deps.clone(), input.clone(), Caller::system(corr_id.clone()));
        #[cfg(debug_assertions)]
        let result = crate::faults::around(function, &input, call).await;
        #[cfg(not(debug_assertions))]
        let result = call().await;
        relay.flush().await;
        invocation.end(&result);
        result.map_err(|error| diagnostic(&error))
    }))
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_type_is_the_code_unless_a_retry_helps() {
        let refused = ApiError::new("CHK_STUDIO_CONFLICT", "Taken.", "Choose another time.");
        assert_eq!(diagnostic(&refused).error_type, "CHK_STUDIO_CONFLICT");
        assert_eq!(diagnostic(&ApiError::transient("timeout")).error_type, "TRANSIENT");
        assert_eq!(diagnostic(&ApiError::internal("surprise")).error_type, "TRANSIENT");
    }

    #[test]
    fn a_step_reads_its_further_fields_by_name() {
        let input: StepInput = serde_json::from_value(serde_json::json!({
            "action": "do", "lbgId": "lbg_00000000000000000000000000000001", "attempt": 3
        }))
        .unwrap();
        assert_eq!(input.field::<u32>("attempt"), Ok(3));
        assert_eq!(input.field::<u32>("other").unwrap_err().code, "INPUT_INVALID");
    }
}
