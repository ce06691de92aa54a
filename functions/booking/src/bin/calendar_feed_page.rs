//! `GET /calendar/{token}`: the calendar of the token's owner as iCalendar.

use booking::api::calendar::feed_page;
use rastup_runtime::{Init, LambdaError, page};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    page::run(init.config.function, store, feed_page).await
}
