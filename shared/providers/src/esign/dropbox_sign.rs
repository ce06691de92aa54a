//! Dropbox Sign, API v3, embedded signing: requests, answers and errors of the provider. When to call what is not here.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::{
    RequestBuilder, Response, StatusCode,
    multipart::{Form, Part},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{ESign, ESignError, EmailAddress, Envelope, NewEnvelope, Signature, SignatureStatus};

/// Where the provider answers; the local cloud names its sandbox instead.
const API_URL: &str = "https://api.hellosign.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest wait for a read, and for what the caller of a resolver waits for.
const READ_TIMEOUT: Duration = Duration::from_secs(8);
/// Longest wait for an upload or a download.
const FILE_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest signed document that is taken, bytes.
const SIGNED_PDF_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Key of the metadata that holds our reference.
const REFERENCE: &str = "doc_id";

/// The secret of the account. Not printable.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ESignSecret {
    /// Key of the API; also the key of the callbacks' hashes.
    pub api_key: String,
    /// The API app, whose callbacks come to us.
    pub client_id: String,
}

/// How the provider is reached.
#[derive(Clone)]
pub struct DropboxSignConfig {
    /// Base address without `/v3`; the provider's own when absent.
    pub api_url: Option<String>,
    /// Requests without legal value and without cost.
    pub test_mode: bool,
    /// The secret of the account.
    pub secret: ESignSecret,
}

/// The adapter.
pub struct DropboxSign {
    http: reqwest::Client,
    config: DropboxSignConfig,
    base_url: String,
}

#[derive(Deserialize)]
struct One {
    signature_request: Request,
}

#[derive(Deserialize)]
struct Many {
    signature_requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    signature_request_id: String,
    // An empty map of the provider is an empty list.
    #[serde(default)]
    metadata: serde_json::Value,
    created_at: Option<i64>,
    #[serde(default)]
    is_complete: bool,
    #[serde(default)]
    is_declined: bool,
    #[serde(default)]
    has_error: bool,
    expires_at: Option<i64>,
    #[serde(default)]
    signatures: Vec<RequestSignature>,
}

#[derive(Deserialize)]
struct RequestSignature {
    signature_id: String,
    #[serde(default)]
    signer_email_address: String,
    status_code: String,
    signed_at: Option<i64>,
    last_viewed_at: Option<i64>,
}

#[derive(Deserialize)]
struct Embedded {
    embedded: SignUrl,
}

#[derive(Deserialize)]
struct SignUrl {
    sign_url: String,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureName,
}

#[derive(Deserialize)]
struct FailureName {
    error_name: String,
}

fn time(seconds: Option<i64>) -> Option<DateTime<Utc>> {
    seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

impl From<Request> for Envelope {
    fn from(request: Request) -> Envelope {
        let signatures = request.signatures.into_iter().map(|signature| Signature {
            id: signature.signature_id,
            email: EmailAddress(signature.signer_email_address),
            status: match signature.status_code.as_str() {
                "signed" => SignatureStatus::Signed,
                "declined" => SignatureStatus::Declined,
                "expired" => SignatureStatus::Expired,
                _ => SignatureStatus::Awaiting,
            },
            viewed_at: time(signature.last_viewed_at),
            signed_at: time(signature.signed_at),
        });
        Envelope {
            reference: request.metadata[REFERENCE].as_str().map(str::to_owned),
            complete: request.is_complete,
            declined: request.is_declined,
            failed: request.has_error,
            expires_at: time(request.expires_at),
            signatures: signatures.collect(),
            id: request.signature_request_id,
        }
    }
}

/// A failure of the transport: what the server did is unknown. The address is left out, because it may hold an id.
fn no_answer(error: reqwest::Error) -> ESignError {
    ESignError::Unavailable(error.without_url().to_string())
}

/// The provider's error as ours. Only its name is kept: messages quote names and addresses.
async fn refusal(answer: Response) -> ESignError {
    let status = answer.status();
    let name = answer.json::<Failure>().await.map(|failure| failure.error.error_name);
    let code = name.unwrap_or_else(|_| status.as_u16().to_string());
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => ESignError::NotFound,
        StatusCode::CONFLICT => ESignError::NotReady { code },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => ESignError::Unavailable(code),
        status if status.is_server_error() => ESignError::Unavailable(code),
        _ => ESignError::Refused { code },
    }
}

impl DropboxSign {
    /// An adapter; opens no connection yet. Error: the TLS set-up of the machine is unusable.
    pub fn new(config: DropboxSignConfig) -> Result<DropboxSign, ESignError> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent("rastup-documents")
            .build()
            .map_err(no_answer)?;
        let base_url = config.api_url.as_deref().unwrap_or(API_URL).trim_end_matches('/').to_owned();
        Ok(DropboxSign { http, config, base_url })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v3/{path}", self.base_url)
    }

    async fn send(&self, request: RequestBuilder, timeout: Duration) -> Result<Response, ESignError> {
        // The API key is the user name; there is no password.
        let request = request.basic_auth(&self.config.secret.api_key, Some("")).timeout(timeout);
        let answer = request.send().await.map_err(no_answer)?;
        if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer).await) }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &BTreeMap<&str, &str>,
    ) -> Result<T, ESignError> {
        let answer = self.send(self.http.get(self.url(path)).query(query), READ_TIMEOUT).await?;
        answer.json().await.map_err(no_answer)
    }

    fn form(&self, new: &NewEnvelope) -> Result<Form, ESignError> {
        let pdf = Part::bytes(new.pdf.clone())
            .file_name(format!("{}.pdf", new.reference))
            .mime_str("application/pdf")
            .map_err(no_answer)?;
        let mut form = Form::new()
            .text("client_id", self.config.secret.client_id.clone())
            .text("test_mode", if self.config.test_mode { "1" } else { "0" })
            .text("allow_decline", "1")
            .text("title", new.title.clone())
            .text("subject", new.title.clone())
            .text(format!("metadata[{REFERENCE}]"), new.reference.clone())
            .part("files[0]", pdf);
        for (name, id) in &new.metadata {
            form = form.text(format!("metadata[{name}]"), id.clone());
        }
        // Without an order of signing nobody waits for another.
        for (order, signer) in new.signers.iter().enumerate() {
            form = form
                .text(format!("signers[{order}][name]"), signer.name.clone())
                .text(format!("signers[{order}][email_address]"), signer.email.clone());
        }
        Ok(form)
    }
}

#[async_trait]
impl ESign for DropboxSign {
    async fn create(&self, new: &NewEnvelope) -> Result<Envelope, ESignError> {
        let request = self.http.post(self.url("signature_request/create_embedded"));
        let answer = self.send(request.multipart(self.form(new)?), FILE_TIMEOUT).await?;
        let one: One = answer.json().await.map_err(no_answer)?;
        Ok(one.signature_request.into())
    }

    async fn find(&self, reference: &str) -> Result<Option<Envelope>, ESignError> {
        // A term without a field is searched for in the metadata, too; the comparison below makes it exact.
        let query = BTreeMap::from([("query", reference), ("page_size", "100")]);
        let many: Many = self.get("signature_request/list", &query).await?;
        let ours = many.signature_requests.into_iter().filter(|r| r.metadata[REFERENCE] == reference);
        Ok(ours.min_by_key(|request| request.created_at.unwrap_or(i64::MAX)).map(Envelope::from))
    }

    async fn envelope(&self, id: &str) -> Result<Envelope, ESignError> {
        let one: One = self.get(&format!("signature_request/{id}"), &BTreeMap::new()).await?;
        Ok(one.signature_request.into())
    }

    async fn signed_pdf(&self, id: &str) -> Result<Vec<u8>, ESignError> {
        let request = self.http.get(self.url(&format!("signature_request/files/{id}")));
        let answer = self.send(request.query(&[("file_type", "pdf")]), FILE_TIMEOUT).await?;
        if answer.content_length().is_some_and(|length| length > SIGNED_PDF_BYTES_MAX) {
            return Err(ESignError::Refused { code: "signed_pdf_too_large".to_owned() });
        }
        Ok(answer.bytes().await.map_err(no_answer)?.to_vec())
    }

    async fn sign_url(&self, signature_id: &str) -> Result<String, ESignError> {
        let answer: Embedded =
            self.get(&format!("embedded/sign_url/{signature_id}"), &BTreeMap::new()).await?;
        Ok(answer.embedded.sign_url)
    }

    async fn cancel(&self, id: &str) -> Result<(), ESignError> {
        let request = self.http.post(self.url(&format!("signature_request/cancel/{id}")));
        match self.send(request, READ_TIMEOUT).await {
            Ok(_) | Err(ESignError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_provider_reads_as_an_envelope() {
        let one: One = serde_json::from_str(
            r#"{"signature_request":{"signature_request_id":"fa5c","test_mode":true,"title":"t","metadata":{"doc_id":"doc_1"},
                "created_at":1570471067,"is_complete":false,"is_declined":false,"has_error":false,"expires_at":1570571067,
                "signatures":[
                  {"signature_id":"10ab","signer_email_address":"a@example.com","signer_name":"A","order":0,
                   "status_code":"signed","signed_at":1570471100,"last_viewed_at":1570471090},
                  {"signature_id":"20ab","order":1,"status_code":"awaiting_signature","signed_at":null}]}}"#,
        )
        .unwrap();
        let envelope = Envelope::from(one.signature_request);
        assert_eq!(envelope.reference.as_deref(), Some("doc_1"));
        assert!(envelope.signatures[0].email.is("A@example.com"));
        assert_eq!(envelope.signatures[0].status, SignatureStatus::Signed);
        assert_eq!(envelope.signatures[0].signed_at, DateTime::from_timestamp(1_570_471_100, 0));
        assert_eq!(envelope.signatures[1].status, SignatureStatus::Awaiting);
        assert_eq!(envelope.signatures[1].viewed_at, None);
    }

    #[test]
    fn metadata_as_an_empty_list_and_absent_fields_are_understood() {
        let one: One = serde_json::from_str(
            r#"{"signature_request":{"signature_request_id":"fa5c","metadata":[],"signatures":[{"signature_id":"1","status_code":"declined"}]}}"#,
        )
        .unwrap();
        let envelope = Envelope::from(one.signature_request);
        assert_eq!((envelope.reference, envelope.complete), (None, false));
        assert_eq!(envelope.signatures[0].status, SignatureStatus::Declined);
    }
}
