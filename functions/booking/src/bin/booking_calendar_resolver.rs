//! AppSync: a person's own calendar, and the secret address of its feed.

use booking::api::calendar::{Calendars, calendar};
use rastup_runtime::{Init, LambdaError, resolver};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), LambdaError> {
    let init = Init::new().await?;
    let store = init.store().await?;
    let http_url = init.config.required("HTTP_API_URL")?;
    let edge = init.edge(&store)?;
    resolver::run(edge, Calendars { store, http_url }, calendar).await
}
