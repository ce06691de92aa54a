//! Task of `confirm_lbg`: decides whether every leg can be confirmed.

use booking::api::steps::validate;
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    step::run(init.config.function, relay, store, validate).await
}
