//! `POST /webhooks/stripe`: checks the signature and stores the event; it is applied from the queue.

use finance::api::{WebhookDeps, stripe_webhook};
use rastup_runtime::{Init, LambdaError, webhook::run};
use serde::Deserialize;

#[derive(Deserialize)]
struct SigningSecrets {
    secrets: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let SigningSecrets { secrets } = init.secret("STRIPE_WEBHOOK_SECRET_ARN").await?;
    run(init.config.function, relay, WebhookDeps { store, secrets: secrets.into() }, stripe_webhook).await
}
