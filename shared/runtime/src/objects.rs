//! Objects in a bucket: written once under a name derived from their owner, read through short-lived addresses.

use std::time::Duration;

use async_trait::async_trait;
use rastup_types::ApiError;

/// How long an address of [`Objects::presigned_url`] works.
const URL_LIFETIME: Duration = Duration::from_secs(300);

/// A bucket.
#[async_trait]
pub trait Objects: Send + Sync {
    /// Writes an object; the same key with the same content may be written again.
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ApiError>;
    /// Reads an object.
    async fn get(&self, key: &str) -> Result<Vec<u8>, ApiError>;
    /// An address that reads the object for five minutes.
    async fn presigned_url(&self, key: &str) -> Result<String, ApiError>;
}

/// Amazon S3.
pub(crate) struct S3 {
    pub(crate) client: aws_sdk_s3::Client,
    pub(crate) bucket: String,
}

#[async_trait]
impl Objects for S3 {
    async fn put(&self, key: &str, content_type: &str, content: Vec<u8>) -> Result<(), ApiError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        let sent = request.body(content.into()).send().await;
        sent.map(|_| ()).map_err(|error| ApiError::transient(aws_sdk_s3::error::DisplayErrorContext(&error)))
    }

    async fn get(&self, key: &str) -> Result<Vec<u8>, ApiError> {
        let answer = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        let answer =
            answer.map_err(|error| ApiError::transient(aws_sdk_s3::error::DisplayErrorContext(&error)))?;
        Ok(answer.body.collect().await.map_err(ApiError::transient)?.to_vec())
    }

    async fn presigned_url(&self, key: &str) -> Result<String, ApiError> {
        let lifetime =
            aws_sdk_s3::presigning::PresigningConfig::expires_in(URL_LIFETIME).map_err(ApiError::internal)?;
        let request = self.client.get_object().bucket(&self.bucket).key(key).presigned(lifetime).await;
        request
            .map(|request| request.uri().to_owned())
            .map_err(|error| ApiError::internal(aws_sdk_s3::error::DisplayErrorContext(&error)))
    }
}
