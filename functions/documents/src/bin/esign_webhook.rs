//! HTTP: callbacks of the e-signature service.

use documents::api::esign_webhook::{Deps, handle};
use rastup_providers::esign::ESignSecret;
use rastup_runtime::{Init, LambdaError, webhook};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let secret: ESignSecret = init.secret("ESIGN_SECRET_ARN").await?;
    webhook::run(init.config.function, relay, Deps { store, api_key: secret.api_key }, handle).await
}
