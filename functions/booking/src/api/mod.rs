//! What the Lambdas of the context do: arguments in, use case, answer as the schema or the state machine reads it.

pub mod calendar;
pub mod invites;
pub mod jobs;
mod page;
pub mod requests;
pub mod resolvers;
pub mod status;
pub mod steps;
pub mod workers;

use std::sync::Arc;

use rastup_providers::stripe::{Payments, Stripe, StripeSecret};
use rastup_runtime::{Init, LambdaError};

/// Stripe as a Lambda reaches it, with the publishable key for clients.
pub async fn stripe(init: &Init) -> Result<(Arc<dyn Payments>, String), LambdaError> {
    let secret: StripeSecret = init.secret("STRIPE_SECRET_ARN").await?;
    let stripe = Stripe::new(&init.config.required("STRIPE_API_URL")?, &secret)?;
    Ok((Arc::new(stripe), secret.publishable_key))
}
