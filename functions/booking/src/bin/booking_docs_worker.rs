//! Queue: a document pack is signed, or does not bind any more.

use booking::api::workers::docs;
use rastup_runtime::{Init, LambdaError, worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    worker::run(init.config.function, relay, store, docs).await
}
