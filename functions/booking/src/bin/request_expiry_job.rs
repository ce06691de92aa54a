//! Every minute: ends requests to book that nobody answered in time, and invites past their end.

use booking::api::jobs::expire_requests;
use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    job::run(init.config.function, Some(relay), store, expire_requests).await
}
