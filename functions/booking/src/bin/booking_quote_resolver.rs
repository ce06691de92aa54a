//! AppSync: the price of a booking before it exists.

use std::sync::Arc;

use booking::api::resolvers::{Quoting, quote};
use rastup_providers::tax::RateTable;
use rastup_runtime::{
    Init, LambdaError,
    resolver::{self, Edge},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge =
        Edge { relay: init.relay(&store)?, rate_limit: init.rate_limit()?, function: init.config.function };
    resolver::run(edge, Quoting { store, tax: Arc::new(RateTable) }, quote).await
}
