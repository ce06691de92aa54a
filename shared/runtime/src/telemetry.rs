//! One structured line per invocation: what ran, how it ended, how long it took. Never arguments or bodies.

use std::time::Instant;

use rastup_types::ApiError;
use tracing_subscriber::EnvFilter;

pub(crate) fn start(level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_target(false)
        .with_env_filter(filter)
        .finish();
    // A second start in one process is a test's; the first subscriber stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Times one invocation and says how it ended.
pub(crate) struct Invocation<'a> {
    function: &'a str,
    operation: &'a str,
    corr_id: &'a str,
    began: Instant,
}

impl<'a> Invocation<'a> {
    pub(crate) fn begin(function: &'a str, operation: &'a str, corr_id: &'a str) -> Self {
        Self { function, operation, corr_id, began: Instant::now() }
    }

    pub(crate) fn end<T>(self, result: &Result<T, ApiError>) {
        let Self { function, operation, corr_id, began } = self;
        let duration_ms = began.elapsed().as_secs_f64() * 1_000.0;
        match result {
            Ok(_) => tracing::info!(function, operation, corr_id, duration_ms, "{operation} succeeded"),
            Err(error) => {
                let (code, cause) = (error.code, error.cause.as_deref());
                if cause.is_some() {
                    tracing::error!(
                        function,
                        operation,
                        corr_id,
                        duration_ms,
                        code,
                        cause,
                        "{operation} failed"
                    );
                } else {
                    tracing::warn!(
                        function,
                        operation,
                        corr_id,
                        duration_ms,
                        code,
                        "{operation} was refused"
                    );
                }
            }
        }
    }
}
