//! Queue: prints and sends the documents of new packs, withdraws those of ended ones.

use rastup_runtime::{Init, LambdaError, worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let issuer = documents::api::issuer(&init, store).await?;
    worker::run(init.config.function, relay, issuer, documents::api::documents_issue_worker::handle).await
}
