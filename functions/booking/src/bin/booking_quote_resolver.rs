//! AppSync: the price of a booking before it exists.

use std::sync::Arc;

use booking::api::resolvers::{Quoting, quote};
use rastup_providers::tax::RateTable;
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    resolver::run(edge, Quoting { store, tax: Arc::new(RateTable) }, quote).await
}
