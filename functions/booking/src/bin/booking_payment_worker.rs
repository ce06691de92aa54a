//! Queue: a payment stands, so the confirmation starts by itself; or it failed.

use booking::{
    api::{stripe, workers::payment},
    payment::Cashier,
};
use rastup_runtime::{Init, LambdaError, worker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let relay = init.relay(&store)?;
    let (payments, _) = stripe(&init).await?;
    let cashier = Cashier { store, payments, sagas: init.sagas() };
    worker::run(init.config.function, relay, cashier, payment).await
}
