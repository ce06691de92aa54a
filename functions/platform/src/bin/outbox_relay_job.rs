//! Every minute: publishes events that the request which wrote them could not.

use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let relay = init.relay(&init.store().await?)?;
    job::run(init.config.function, None, relay, |relay, _| async move {
        platform::relay_left_behind(&relay).await
    })
    .await
}
