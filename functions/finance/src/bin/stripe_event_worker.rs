//! On `webhook.stripe.received`: applies a stored webhook of Stripe.

use std::sync::Arc;

use finance::api::{EventDeps, event_worker};
use rastup_providers::stripe::Stripe;
use rastup_runtime::{Init, LambdaError, worker::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let secret = init.secret("STRIPE_SECRET_ARN").await?;
    let payments = Arc::new(Stripe::new(&init.config.required("STRIPE_API_URL")?, &secret)?);
    run(init.config.function, relay, EventDeps { store, payments }, event_worker).await
}
