//! Task of `complete_lbg`: the session's start, its end and the acceptance by the clock.

use booking::api::steps::session;
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    step::run(init.config.function, relay, store, session).await
}
