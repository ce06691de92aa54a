//! Step of a saga: commits the tax of an order, or takes it back.

use finance::api::tax_step;
use rastup_runtime::{Init, LambdaError, step::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    run(init.config.function, relay, store, tax_step).await
}
