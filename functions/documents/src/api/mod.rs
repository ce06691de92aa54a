//! Entrances of the context: one module per Lambda, each turning an event into a call of a use case.

pub mod documents_issue_worker;
pub mod documents_resolver;
pub mod esign_event_worker;
pub mod esign_webhook;

use std::{str::FromStr, sync::Arc};

use rastup_providers::esign::{DropboxSign, DropboxSignConfig, ESignSecret};
use rastup_runtime::{Init, LambdaError, config::Stage};
use rastup_store::Store;
use rastup_types::{ApiError, Event};

use crate::Issuer;

/// What the Lambdas that print, send or follow documents need.
pub async fn issuer(init: &Init, store: Store) -> Result<Issuer, LambdaError> {
    let secret: ESignSecret = init.secret("ESIGN_SECRET_ARN").await?;
    let config = DropboxSignConfig {
        api_url: init.config.optional("ESIGN_API_URL"),
        test_mode: init.config.stage != Stage::Prod,
        secret,
    };
    Ok(Issuer {
        store,
        objects: init.objects("DOCUMENTS_BUCKET")?,
        esign: Arc::new(DropboxSign::new(config)?),
    })
}

/// An id that an event must carry.
fn id<T: FromStr>(event: &Event, key: &str) -> Result<T, ApiError> {
    let text = event.ids.get(key).and_then(serde_json::Value::as_str);
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| ApiError::internal(format!("event {} has no valid {key}", event.event)))
}

/// An event that no rule sends to this Lambda; a wiring mistake.
fn unexpected(event: &Event) -> ApiError {
    ApiError::internal(format!("nothing to do for event {}", event.event))
}
