//! AppSync: who may follow a checkout, and passing its news on to those who do.

use booking::api::status::resolve;
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    resolver::run(edge, store, resolve).await
}
