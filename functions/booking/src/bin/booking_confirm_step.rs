//! Task of `confirm_lbg`: confirms every leg in one transaction, or closes an undone confirmation.

use booking::api::steps::confirm;
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    step::run(init.config.function, relay, store, confirm).await
}
