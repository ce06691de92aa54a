//! AppSync: a studio's public page, and its price for a time.

use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    resolver::run(edge, store, studios::api::handle).await
}
