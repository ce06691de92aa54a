//! Calling our own GraphQL API as the backend, signed with IAM, to reach the subscribers of a field.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use rastup_types::ApiError;
use serde_json::{Value, json};

/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The GraphQL API.
#[derive(Clone)]
pub struct AppSync {
    url: String,
    aws: SdkConfig,
    http: reqwest::Client,
}

impl AppSync {
    pub(crate) fn new(url: String, aws: &SdkConfig) -> AppSync {
        AppSync { url, aws: aws.clone(), http: reqwest::Client::new() }
    }

    /// Runs a mutation; an error in the answer is a failure.
    pub async fn mutate(&self, query: &str, variables: &Value) -> Result<Value, ApiError> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut request = http::Request::builder()
            .method("POST")
            .uri(&self.url)
            .header("content-type", "application/json")
            .body(body)
            .map_err(ApiError::internal)?;
        self.sign(&mut request).await?;
        let (parts, body) = request.into_parts();
        let answer = self
            .http
            .post(&self.url)
            .headers(parts.headers)
            .body(body)
            .timeout(CALL_TIMEOUT)
            .send()
            .await
            .map_err(ApiError::transient)?;
        let answer: Value = answer.json().await.map_err(ApiError::transient)?;
        match answer.get("errors").and_then(Value::as_array).and_then(|errors| errors.first()) {
            None => Ok(answer["data"].clone()),
            Some(error) => {
                Err(ApiError::internal(format!("the API refused the mutation: {}", error["errorType"])))
            }
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a signature carries the machine's real time, whatever the business clock says"
    )]
    async fn sign(&self, request: &mut http::Request<String>) -> Result<(), ApiError> {
        let provider = self.aws.credentials_provider().ok_or_else(|| ApiError::internal("no credentials"))?;
        let identity = provider.provide_credentials().await.map_err(ApiError::transient)?.into();
        let region = self.aws.region().map_or("us-east-1", |region| region.as_ref()).to_owned();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&region)
            .name("appsync")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(ApiError::internal)?;
        let headers =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable =
            SignableRequest::new("POST", &self.url, headers, SignableBody::Bytes(request.body().as_bytes()))
                .map_err(ApiError::internal)?;
        let (instructions, _) = sign(signable, &params.into()).map_err(ApiError::internal)?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}
