//! Requests per caller in a window of five minutes (§1.18.C), counted in DynamoDB.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use rastup_types::ApiError;
use serde_json::json;

/// Length of a counting window, seconds.
const WINDOW_SECONDS: i64 = 300;

/// Counts requests.
#[async_trait]
pub trait RateLimit: Send + Sync {
    /// Counts one request of `caller`. Error: `RATE_LIMITED` with `retryAfterSeconds` when more than `allowed` came in
    /// this window. When the counter cannot be reached, the request passes: limits protect, they are not a gate.
    async fn count(&self, caller: &str, allowed: u32, now: DateTime<Utc>) -> Result<(), ApiError>;
}

/// Counters in a DynamoDB table with a time to live.
pub(crate) struct DynamoCounters {
    pub(crate) client: aws_sdk_dynamodb::Client,
    pub(crate) table: String,
}

#[async_trait]
impl RateLimit for DynamoCounters {
    async fn count(&self, caller: &str, allowed: u32, now: DateTime<Utc>) -> Result<(), ApiError> {
        let window = now.timestamp().div_euclid(WINDOW_SECONDS);
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(format!("{caller}#{window}")))
            .update_expression("ADD requests :one SET expires_at = :expires_at")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(
                ":expires_at",
                AttributeValue::N(((window + 2) * WINDOW_SECONDS).to_string()),
            )
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        let requests = match answer {
            Ok(answer) => answer
                .attributes()
                .and_then(|attributes| attributes.get("requests"))
                .and_then(|value| value.as_n().ok())
                .and_then(|number| number.parse::<u32>().ok())
                .unwrap_or(0),
            Err(error) => {
                let cause = aws_sdk_dynamodb::error::DisplayErrorContext(&error).to_string();
                tracing::warn!(cause, "the request passes uncounted");
                return Ok(());
            }
        };
        if requests <= allowed {
            Ok(())
        } else {
            Err(limited((window + 1) * WINDOW_SECONDS - now.timestamp()))
        }
    }
}

fn limited(retry_after_seconds: i64) -> ApiError {
    ApiError::new("RATE_LIMITED", "Too many requests.", "Wait for `retryAfterSeconds`, then go on.")
        .retryable()
        .with_details(json!({ "retryAfterSeconds": retry_after_seconds }))
}
