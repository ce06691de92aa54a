//! Answers the fields of statements, reports and exports.

use finance::api::{ExportDeps, exports_resolver};
use rastup_runtime::{Init, LambdaError, resolver::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    let deps = ExportDeps { store, objects: init.objects("RECEIPTS_BUCKET")? };
    run(edge, deps, exports_resolver).await
}
