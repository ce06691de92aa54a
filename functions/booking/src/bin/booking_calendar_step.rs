//! Task of `confirm_lbg`: keeps every leg's time, and its undo.

use booking::api::steps::calendar;
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    step::run(init.config.function, relay, store, calendar).await
}
