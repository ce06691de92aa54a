//! On `lbg.confirmed`: makes the PDFs of the order's receipts.

use finance::api::{RenderDeps, receipt_worker};
use rastup_runtime::{Init, LambdaError, worker::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let deps = RenderDeps { store, objects: init.objects("RECEIPTS_BUCKET")? };
    run(init.config.function, relay, deps, receipt_worker).await
}
