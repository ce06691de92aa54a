//! AppSync: a studio's public page, and its price for a time.

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
    resolver::run(edge, store, studios::api::handle).await
}
