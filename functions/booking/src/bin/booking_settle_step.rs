//! Task of `settle_lbg`: plans which deposits and payouts fall due when.

use booking::api::steps::settle;
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    step::run(init.config.function, relay, store, settle).await
}
