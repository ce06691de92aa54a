//! Queue: follows the envelope that a callback names.

use rastup_runtime::{Init, LambdaError, worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let issuer = documents::api::issuer(&init, store).await?;
    worker::run(init.config.function, relay, issuer, documents::api::esign_event_worker::handle).await
}
