//! AppSync: smart invites, their answers and awards.

use std::sync::Arc;

use booking::api::{invites::invites, requests::Modes};
use rastup_providers::tax::RateTable;
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    resolver::run(edge, Modes { store, tax: Arc::new(RateTable) }, invites).await
}
