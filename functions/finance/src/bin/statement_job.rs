//! Every hour: makes the statements of the last month that are not made yet.

use finance::api::{ExportDeps, make_statements};
use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let deps = ExportDeps { store, objects: init.objects("RECEIPTS_BUCKET")? };
    job::run(init.config.function, None, deps, make_statements).await
}
