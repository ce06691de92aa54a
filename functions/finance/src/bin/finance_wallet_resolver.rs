//! Answers the fields of wallets.

use finance::api::wallet_resolver;
use rastup_runtime::{Init, LambdaError, resolver::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    run(edge, store, wallet_resolver).await
}
