//! The wire to Stripe: version, key, timeout and the reading of answers. Which request is sent is the adapter's matter.
//!
//! Requests are `async-stripe`'s typed builders. Its own client is not used: it opens a connection per call and cannot
//! send another version than it was generated from. Answers are read through views of the fields in use, so that
//! a value that Stripe adds tomorrow cannot fail a capture today.

use std::time::Duration;

use rastup_types::Cents;
use serde::{Deserialize, de::DeserializeOwned};
use stripe_client_core::{StripeMethod, StripeRequest};

use super::PaymentError;

/// The one version of Stripe's API that is spoken; also read by the contract check of recorded requests.
pub const STRIPE_VERSION: &str = include_str!("../../stripe-version.txt").trim_ascii();

/// Longer than Stripe's slowest usual answer, shorter than the shortest step that waits for it.
const TIMEOUT: Duration = Duration::from_secs(12);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A pooled client with the account's key.
pub(super) struct Transport {
    client: reqwest::Client,
    base: String,
    secret_key: String,
}

#[derive(Deserialize)]
struct ErrorEnvelope {
    error: ErrorView,
}

#[derive(Deserialize)]
struct ErrorView {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
}

impl Transport {
    pub(super) fn new(api_url: &str, secret_key: String) -> Result<Transport, PaymentError> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(|error| PaymentError::Unavailable(error.to_string()))?;
        Ok(Transport { client, base: api_url.trim_end_matches('/').to_owned(), secret_key })
    }

    /// Sends a request; `key` is its idempotency key, which reads do without.
    pub(super) async fn send<V: DeserializeOwned>(
        &self,
        request: &impl StripeRequest,
        key: Option<&str>,
    ) -> Result<V, PaymentError> {
        let built = request.build();
        let query = built.query.filter(|query| !query.is_empty()).map(|query| format!("?{query}"));
        let query = query.unwrap_or_default();
        let url = format!("{}/v1{}{query}", self.base, built.path);
        let method = match built.method {
            StripeMethod::Get => reqwest::Method::GET,
            StripeMethod::Post => reqwest::Method::POST,
            StripeMethod::Delete => reqwest::Method::DELETE,
        };
        let mut sending = self
            .client
            .request(method, url)
            .bearer_auth(&self.secret_key)
            .header("stripe-version", STRIPE_VERSION);
        if let Some(key) = key {
            sending = sending.header("idempotency-key", key);
        }
        if let Some(form) = built.body {
            sending = sending.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        // The address is left out of the message: it may hold ids, and says nothing that the operation does not.
        let answer = sending.send().await.map_err(|error| unavailable(error.without_url()))?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(|error| unavailable(error.without_url()))?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&bytes).map_err(|_| unavailable("an answer that cannot be read"));
        }
        Err(serde_json::from_slice::<ErrorEnvelope>(&bytes)
            .map_or_else(|_| unavailable(format!("status {status}")), |body| classify(status, body.error)))
    }
}

fn unavailable(cause: impl std::fmt::Display) -> PaymentError {
    PaymentError::Unavailable(cause.to_string())
}

/// What an error answer means for us (https://docs.stripe.com/error-handling).
fn classify(status: u16, error: ErrorView) -> PaymentError {
    let code = error.code.unwrap_or_default();
    // Another call with this key is under way, or a lock is taken: nothing was decided.
    let undecided = matches!(code.as_str(), "idempotency_key_in_use" | "lock_timeout" | "rate_limit");
    if undecided || status == 429 || status >= 500 {
        return PaymentError::Unavailable(format!("status {status} {code}"));
    }
    match (error.kind.as_str(), code.as_str()) {
        ("idempotency_error", _) => PaymentError::KeyReused,
        (_, "authentication_required") => PaymentError::ActionRequired,
        ("card_error", _) => PaymentError::Declined { code: reason(code, error.decline_code) },
        (_, code) if is_about_state(code) => PaymentError::UnexpectedState { code: code.to_owned() },
        _ => PaymentError::Refused { code: if code.is_empty() { error.kind } else { code } },
    }
}

/// The issuer's reason where it gave one, else Stripe's code.
pub(super) fn reason(code: String, decline_code: Option<String>) -> String {
    decline_code.filter(|reason| reason != "generic_decline").unwrap_or(code)
}

fn is_about_state(code: &str) -> bool {
    matches!(
        code,
        "payment_intent_unexpected_state"
            | "setup_intent_unexpected_state"
            | "charge_already_captured"
            | "charge_already_refunded"
            | "charge_expired_for_capture"
    )
}

/// An object of which only the id matters.
#[derive(Deserialize)]
pub(super) struct IdView {
    pub(super) id: String,
}

/// A reference that Stripe writes as an id, or as the object when it was asked to expand it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Reference {
    Id(String),
    Object(IdView),
}

impl Reference {
    pub(super) fn into_id(self) -> String {
        match self {
            Reference::Id(id) | Reference::Object(IdView { id }) => id,
        }
    }
}

/// Cents of a request.
pub(super) fn wire(amount: Cents) -> i64 {
    amount.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: &str, code: &str) -> ErrorView {
        ErrorView {
            kind: kind.to_owned(),
            code: (!code.is_empty()).then(|| code.to_owned()),
            decline_code: None,
        }
    }

    #[test]
    fn only_answers_that_decide_nothing_may_be_repeated() {
        for (status, kind, code, expected) in [
            (402, "card_error", "card_declined", PaymentError::Declined { code: "card_declined".into() }),
            (402, "card_error", "authentication_required", PaymentError::ActionRequired),
            (400, "idempotency_error", "", PaymentError::KeyReused),
            (
                400,
                "invalid_request_error",
                "payment_intent_unexpected_state",
                PaymentError::UnexpectedState { code: "payment_intent_unexpected_state".into() },
            ),
            (
                400,
                "invalid_request_error",
                "parameter_unknown",
                PaymentError::Refused { code: "parameter_unknown".into() },
            ),
            (
                401,
                "invalid_request_error",
                "",
                PaymentError::Refused { code: "invalid_request_error".into() },
            ),
        ] {
            assert_eq!(classify(status, error(kind, code)), expected, "{kind} {code}");
        }
        for (status, kind, code) in [
            (409, "idempotency_error", "idempotency_key_in_use"),
            (429, "invalid_request_error", "rate_limit"),
            (500, "api_error", ""),
            (429, "invalid_request_error", "lock_timeout"),
        ] {
            let error = classify(status, error(kind, code));
            assert!(matches!(error, PaymentError::Unavailable(_)), "{status} {kind} {code}: {error:?}");
        }
    }

    #[test]
    fn a_decline_carries_the_issuers_reason() {
        let view = ErrorView {
            kind: "card_error".into(),
            code: Some("card_declined".into()),
            decline_code: Some("insufficient_funds".into()),
        };
        assert_eq!(classify(402, view), PaymentError::Declined { code: "insufficient_funds".into() });
    }
}
