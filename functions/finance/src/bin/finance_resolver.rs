//! Answers `receipt` and `groupReceipt`.

use finance::api::{ReceiptDeps, resolver};
use rastup_runtime::{
    Init, LambdaError,
    resolver::{Edge, run},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let deps = ReceiptDeps { store: store.clone(), objects: init.objects("RECEIPTS_BUCKET")? };
    let (relay, rate_limit) = (init.relay(&store)?, init.rate_limit()?);
    run(Edge { function: init.config.function, relay, rate_limit }, deps, resolver).await
}
