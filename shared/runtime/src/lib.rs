//! What every Lambda needs and no context decides: start-up, configuration, clients, and the adapters that turn
//! AppSync, queue, HTTP, schedule and Step Functions events into calls of use cases.

pub mod appsync;
mod bus;
pub mod clock;
pub mod config;
#[cfg(debug_assertions)]
mod faults;
mod init;
pub mod job;
pub mod objects;
pub mod page;
pub mod rate_limit;
pub mod resolver;
pub mod sagas;
pub mod step;
mod telemetry;
pub mod webhook;
pub mod worker;

pub use bus::{Bus, Relay};
pub use config::Config;
pub use init::{Init, InitError};
pub use objects::Objects;
pub use sagas::{Sagas, Started};

/// Failure of a Lambda's main function.
pub type LambdaError = lambda_runtime::Error;
