//! Why a use case of the context failed (§1.5.N), and how a client sees it.

use rastup_providers::esign::ESignError;
use rastup_types::{ApiError, PublicError};
use serde_json::json;

use crate::{
    model::{SignerRole, TemplateKind},
    rules::variables::Problem,
};

/// Failure of a use case.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Variables are absent or invalid.
    #[error("{} variables are absent or invalid", .0.len())]
    VarsMissing(Vec<(String, Problem)>),
    /// The library has nothing for this city and role.
    #[error("no template of {kinds:?} for this city and role")]
    TemplateGated {
        /// What the leg needs.
        kinds: Vec<TemplateKind>,
    },
    /// Nobody, or nobody with a name and an address, is there to sign.
    #[error("nobody signs as {0:?}")]
    SignerMissing(Vec<SignerRole>),
    /// The PDF was not made.
    #[error("failed to render: {0}")]
    Render(rastup_pdf::RenderError),
    /// The provider did not do it.
    #[error("e-signature provider: {0}")]
    Provider(#[from] ESignError),
    /// An earlier attempt may still be running, or the provider's search may lag behind it.
    #[error("an attempt to create the envelope is not settled yet")]
    EnvelopeUnsettled,
    /// A callback that is malformed, forged or stale.
    #[error("callback refused: {0}")]
    Callback(#[from] rastup_providers::esign::CallbackError),
    /// No such pack, or not one of the caller's.
    #[error("no such pack")]
    NotFound,
    /// A stored document has not the hash that was noted for it.
    #[error("document does not match its hash: {0}")]
    HashMismatch(rastup_types::DocId),
    /// The library contradicts itself; a fault of its content.
    #[error("the library is not sound: {0}")]
    Library(String),
    /// The bucket did not do it.
    #[error("bucket: {0}")]
    Bucket(ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl PublicError for DocumentError {
    fn public(&self) -> ApiError {
        match self {
            DocumentError::VarsMissing(problems) => {
                let missing: Vec<&str> = problems.iter().map(|(name, _)| name.as_str()).collect();
                let told: serde_json::Map<String, serde_json::Value> = problems
                    .iter()
                    .map(|(name, problem)| (name.clone(), problem.to_string().into()))
                    .collect();
                ApiError::new(
                    "DOC_VARS_MISSING",
                    "Facts that the documents need are missing or invalid.",
                    "Complete what `details.missing` names, then create the documents again.",
                )
                .with_details(json!({ "missing": missing, "problems": told }))
            }
            DocumentError::TemplateGated { kinds } => ApiError::new(
                "DOC_TEMPLATE_GATED",
                "A document that this booking needs is not available in this city for this role.",
                "Choose another city or seller, or ask support when the documents open there.",
            )
            .with_details(json!({ "kinds": kinds })),
            DocumentError::SignerMissing(roles) => ApiError::new(
                "DOC_SIGNER_MISSING",
                "Somebody who must sign has no legal name or e-mail address on their account.",
                "Complete the accounts of the roles that `details.roles` names.",
            )
            .with_details(json!({ "roles": roles })),
            DocumentError::Render(cause) => ApiError::new(
                "DOC_RENDER_FAIL",
                "A document could not be printed.",
                "Try again in a moment; quote the correlation id if it stays.",
            )
            .retryable()
            .caused_by(cause),
            DocumentError::Provider(error) => {
                let public = ApiError::new(
                    "ENVELOPE_CREATE_FAIL",
                    "The e-signature service did not take the document.",
                    "Try again in a moment; quote the correlation id if it stays.",
                )
                .caused_by(error);
                match error {
                    ESignError::Refused { .. } => public,
                    ESignError::NotFound | ESignError::NotReady { .. } | ESignError::Unavailable(_) => {
                        public.retryable()
                    }
                }
            }
            DocumentError::EnvelopeUnsettled => ApiError::transient(self),
            DocumentError::Callback(_) => ApiError::new(
                "ENVELOPE_HMAC_INVALID",
                "The callback is not a valid one of the e-signature service.",
                "Check the API key that signs the callbacks, and the clock.",
            ),
            DocumentError::NotFound => ApiError::not_found("document pack"),
            DocumentError::HashMismatch(_) | DocumentError::Library(_) => ApiError::internal(self),
            DocumentError::Bucket(error) => error.clone(),
            DocumentError::Database(_) => ApiError::internal(self),
        }
    }
}

impl From<DocumentError> for ApiError {
    fn from(error: DocumentError) -> ApiError {
        match error {
            DocumentError::Database(error) => error.into(),
            other => other.public(),
        }
    }
}
