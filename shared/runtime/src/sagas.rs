//! Starting a state machine, exactly once per name.

use async_trait::async_trait;
use rastup_types::ApiError;
use serde_json::Value;

use crate::config::{Config, ConfigError};

/// What starting a machine found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// It was started now.
    Now,
    /// An execution of that name exists already.
    Before,
}

/// Starts state machines.
#[async_trait]
pub trait Sagas: Send + Sync {
    /// Starts `machine` under a unique `name`; a second start with the same name does nothing.
    async fn start(&self, machine: &'static str, name: &str, input: &Value) -> Result<Started, ApiError>;
}

/// AWS Step Functions.
pub(crate) struct StepFunctions {
    pub(crate) client: aws_sdk_sfn::Client,
    pub(crate) config: Config,
}

impl StepFunctions {
    fn arn(&self, machine: &str) -> Result<String, ConfigError> {
        self.config.required(&format!("MACHINE_{}_ARN", machine.to_ascii_uppercase()))
    }
}

#[async_trait]
impl Sagas for StepFunctions {
    async fn start(&self, machine: &'static str, name: &str, input: &Value) -> Result<Started, ApiError> {
        let arn = self.arn(machine).map_err(ApiError::internal)?;
        let request =
            self.client.start_execution().state_machine_arn(arn).name(name).input(input.to_string());
        match request.send().await {
            Ok(_) => Ok(Started::Now),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => {
                Ok(Started::Before)
            }
            Err(error) => Err(ApiError::transient(aws_sdk_sfn::error::DisplayErrorContext(&error))),
        }
    }
}
