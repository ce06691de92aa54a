//! Answers the fields of fees and of the merchant of record.

use std::sync::Arc;

use finance::{
    RateTable,
    api::{FeeDeps, fees_resolver},
};
use rastup_runtime::{Init, LambdaError, resolver::run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let edge = init.edge(&store)?;
    run(edge, FeeDeps { store, tax: Arc::new(RateTable) }, fees_resolver).await
}
