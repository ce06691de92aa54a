//! AppSync: orders as their buyer and sellers see them.

use booking::api::resolvers::orders;
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
    resolver::run(edge, store, orders).await
}
