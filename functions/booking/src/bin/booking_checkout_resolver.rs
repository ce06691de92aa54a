//! AppSync: an order from its draft to its acceptance.

use std::sync::Arc;

use booking::{
    api::{
        resolvers::{Checkout, checkout},
        stripe,
    },
    payment::Cashier,
};
use rastup_providers::tax::RateTable;
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let (payments, publishable_key) = stripe(&init).await?;
    let cashier = Cashier { store: store.clone(), payments, sagas: init.sagas() };
    let deps = Checkout { cashier, tax: Arc::new(RateTable), publishable_key };
    let edge = init.edge(&store)?;
    resolver::run(edge, deps, checkout).await
}
