//! Electronic signatures: the trait, its Dropbox Sign adapter and the reading of callbacks. What a signature means for a
//! booking is not here.

mod callback;
mod dropbox_sign;
#[cfg(test)]
mod dropbox_sign_tests;
#[cfg(feature = "fakes")]
mod fake;

use std::{collections::BTreeMap, fmt};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use callback::{Callback, CallbackError, callback_hash};
pub use dropbox_sign::{DropboxSign, DropboxSignConfig, ESignSecret};
#[cfg(feature = "fakes")]
pub use fake::{FakeESign, Fault};

/// A document to be signed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewEnvelope {
    /// Our own id of the document; travels as metadata, so that a lost answer can be looked up.
    pub reference: String,
    /// Shown to the signers; holds no personal data.
    pub title: String,
    /// The document.
    pub pdf: Vec<u8>,
    /// Further ids that travel as metadata; never personal data.
    pub metadata: BTreeMap<String, String>,
    /// Who signs, in no binding order; every address is another one.
    pub signers: Vec<EnvelopeSigner>,
}

/// An e-mail address, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(pub String);

impl EmailAddress {
    /// Compares as mail does, without regard to case.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

/// Who signs. Not printable: it names a person.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeSigner {
    /// Legal name.
    pub name: String,
    /// Address.
    pub email: String,
}

/// How one person's signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureStatus {
    /// Not yet signed.
    Awaiting,
    /// Signed.
    Signed,
    /// Refused to sign.
    Declined,
    /// Can no longer be given.
    Expired,
}

/// One person's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The provider's id; addresses the signing page.
    pub id: String,
    /// Whose it is.
    pub email: EmailAddress,
    /// How it stands.
    pub status: SignatureStatus,
    /// When the signer last looked at the document.
    pub viewed_at: Option<DateTime<Utc>>,
    /// When it was given.
    pub signed_at: Option<DateTime<Utc>>,
}

/// A request for signatures as the provider knows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The provider's id.
    pub id: String,
    /// Our id of the document, as given at creation.
    pub reference: Option<String>,
    /// Everybody has signed.
    pub complete: bool,
    /// Somebody has refused.
    pub declined: bool,
    /// The provider could not process it; nobody can sign.
    pub failed: bool,
    /// When it stops being signable.
    pub expires_at: Option<DateTime<Utc>>,
    /// The signatures, in no particular order.
    pub signatures: Vec<Signature>,
}

/// Why the provider did not do it. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ESignError {
    /// No such request, or it was cancelled.
    #[error("no such envelope")]
    NotFound,
    /// The provider is still preparing the file, or the request's state does not allow the call yet.
    #[error("not ready: {code}")]
    NotReady {
        /// The provider's error name.
        code: String,
    },
    /// Refused for good: a bug of ours or a setting of the account. Nothing was created.
    #[error("refused: {code}")]
    Refused {
        /// The provider's error name or the HTTP status.
        code: String,
    },
    /// No answer, or none that decides anything: the call may or may not have had its effect.
    #[error("no answer: {0}")]
    Unavailable(String),
}

/// An e-signature service with embedded signing: it sends no mail, the only way to a signing page is [`ESign::sign_url`].
#[async_trait]
pub trait ESign: Send + Sync {
    /// Creates an envelope. Not idempotent: after [`ESignError::Unavailable`] look it up with [`ESign::find`] first.
    async fn create(&self, new: &NewEnvelope) -> Result<Envelope, ESignError>;
    /// The oldest envelope that was created with `reference`. The provider's search may lag behind a creation.
    async fn find(&self, reference: &str) -> Result<Option<Envelope>, ESignError>;
    /// Reads an envelope.
    async fn envelope(&self, id: &str) -> Result<Envelope, ESignError>;
    /// The PDF with its signatures. Error: [`ESignError::NotReady`] while the provider is still making it.
    async fn signed_pdf(&self, id: &str) -> Result<Vec<u8>, ESignError>;
    /// Where the owner of a signature signs, for a short time.
    async fn sign_url(&self, signature_id: &str) -> Result<String, ESignError>;
    /// Withdraws an incomplete envelope; one that is gone already counts as withdrawn.
    async fn cancel(&self, id: &str) -> Result<(), ESignError>;
}
