//! AppSync: `docPack`.

use rastup_runtime::{
    Init, LambdaError,
    resolver::{self, Edge},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let rate_limit = init.rate_limit()?;
    let issuer = documents::api::issuer(&init, store).await?;
    let edge = Edge { function: init.config.function, relay, rate_limit };
    resolver::run(edge, issuer, documents::api::documents_resolver::handle).await
}
