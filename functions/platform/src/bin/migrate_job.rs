//! Invoked by a deployment before new code serves: runs the migrations.

use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    job::run(init.config.function, None, store, |store, _| async move { platform::migrate(&store).await })
        .await
}
