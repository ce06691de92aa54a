//! AppSync: orders as their buyer and sellers see them.

use booking::api::resolvers::orders;
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    resolver::run(edge, store, orders).await
}
