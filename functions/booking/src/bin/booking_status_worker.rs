//! Queue: tells the followers of a checkout what has happened to it.

use std::sync::Arc;

use booking::api::status::{ApiSubscribers, Telling, follow};
use rastup_runtime::{Init, LambdaError, worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let subscribers = Arc::new(ApiSubscribers(init.appsync()?));
    worker::run(init.config.function, relay, Telling { store, subscribers }, follow).await
}
