//! Step of a saga: proves what the wallet paid, and gives it back.

use finance::api::wallet_step;
use rastup_runtime::{Init, LambdaError, step::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    run(init.config.function, relay, store, wallet_step).await
}
