//! Answers the fields of the daily close.

use std::sync::Arc;

use finance::{
    api::{CloseDeps, close_resolver},
    close::ZONE,
};
use rastup_providers::stripe::Stripe;
use rastup_runtime::{Init, LambdaError, resolver::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    let secret = init.secret("STRIPE_SECRET_ARN").await?;
    let stripe = Arc::new(Stripe::new(&init.config.required("STRIPE_API_URL")?, &secret)?);
    run(edge, CloseDeps { store, stripe, zone: ZONE.to_owned() }, close_resolver).await
}
