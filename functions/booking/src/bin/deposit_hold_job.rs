//! Every minute: places the deposits' card holds whose session is near.

use booking::{
    api::{jobs::place_deposits, stripe},
    deposit_hold::Desk,
};
use rastup_runtime::{Init, LambdaError, job};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let (payments, _) = stripe(&init).await?;
    job::run(init.config.function, Some(relay), Desk { store, payments }, place_deposits).await
}
