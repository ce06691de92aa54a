//! Every hour: compares the days that ended with what Stripe says.

use std::sync::Arc;

use finance::{
    api::{CloseDeps, daily_close},
    close::ZONE,
};
use rastup_providers::stripe::Stripe;
use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let secret = init.secret("STRIPE_SECRET_ARN").await?;
    let stripe = Arc::new(Stripe::new(&init.config.required("STRIPE_API_URL")?, &secret)?);
    let deps = CloseDeps { store, stripe, zone: ZONE.to_owned() };
    job::run(init.config.function, Some(relay), deps, daily_close).await
}
