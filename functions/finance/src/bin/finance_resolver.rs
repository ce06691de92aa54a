//! Answers `receipt` and `groupReceipt`.

use finance::api::{ReceiptDeps, resolver};
use rastup_runtime::{Init, LambdaError, resolver::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    let deps = ReceiptDeps { store, objects: init.objects("RECEIPTS_BUCKET")? };
    run(edge, deps, resolver).await
}
