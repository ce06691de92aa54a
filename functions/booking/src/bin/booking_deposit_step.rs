//! Task of `confirm_lbg` and `settle_lbg`: the deposit's card hold, its undo and its end.

use booking::{
    api::{steps::deposit, stripe},
    deposit_hold::Desk,
};
use rastup_runtime::{Init, LambdaError, step};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let (payments, _) = stripe(&init).await?;
    step::run(init.config.function, relay, Desk { store, payments }, deposit).await
}
