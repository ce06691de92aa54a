//! AppSync: `docPack`.

use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    let issuer = documents::api::issuer(&init, store).await?;
    resolver::run(edge, issuer, documents::api::documents_resolver::handle).await
}
