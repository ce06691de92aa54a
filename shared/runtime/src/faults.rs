//! Faults on order, for the tests of sagas against the local cloud: absent from every build but a debug one, and idle
//! unless the local stage names a directory. `<FAULT_DIR>/<lbg_id>/<function>.<action>` holds the mode and how often.

use std::{future::Future, path::PathBuf, time::Duration};

use rastup_types::ApiError;
use serde_json::Value;

use crate::{config::Config, step::StepInput};

/// Longer than any task's timeout.
const HANG: Duration = Duration::from_secs(120);

fn take_fault(function: &str, input: &StepInput) -> Option<String> {
    let directory = Config::from_env().ok()?.optional("FAULT_DIR")?;
    let file =
        PathBuf::from(directory).join(input.lbg_id.to_string()).join(format!("{function}.{}", input.action));
    let text = std::fs::read_to_string(&file).ok()?;
    let (mode, times) = text.trim().split_once(' ')?;
    match times.parse::<u32>().ok()? {
        0 => return None,
        1 => std::fs::remove_file(&file).ok()?,
        more => std::fs::write(&file, format!("{mode} {}", more - 1)).ok()?,
    }
    Some(mode.to_owned())
}

pub(crate) async fn around<F, Fut>(function: &str, input: &StepInput, call: F) -> Result<Value, ApiError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Value, ApiError>>,
{
    match take_fault(function, input).as_deref() {
        None => call().await,
        Some("fail-before") => Err(ApiError::transient("fault on order")),
        Some("fail-after") => call().await.and(Err(ApiError::transient("fault on order"))),
        Some("refuse") => Err(ApiError::new("CHK_ATOMIC_FAIL", "Refused on order.", "Remove the fault.")),
        Some("timeout") => {
            let result = call().await;
            tokio::time::sleep(HANG).await;
            result
        }
        Some("twice") => {
            call().await?;
            call().await
        }
        Some("kill") => {
            let _ = call().await;
            std::process::abort()
        }
        Some(other) => Err(ApiError::internal(format!("no such fault: {other}"))),
    }
}
