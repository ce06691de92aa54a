//! An e-signature service in memory, for tests of contexts: people sign and decline by method call, faults come on order.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{ESign, ESignError, EmailAddress, Envelope, NewEnvelope, Signature, SignatureStatus};

/// A fault of the next creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the provider says so.
    Refuse,
    /// Nothing happens, and no answer comes.
    LoseRequest,
    /// The envelope is made, but the answer is lost.
    LoseAnswer,
}

#[derive(Default)]
struct State {
    envelopes: Vec<Envelope>,
    faults: VecDeque<Fault>,
    cancelled: Vec<String>,
    preparing: bool,
}

/// The service.
#[derive(Default)]
pub struct FakeESign {
    state: Mutex<State>,
}

impl FakeESign {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change<T>(&self, id: &str, change: impl FnOnce(&mut Envelope) -> T) -> Option<T> {
        self.state().envelopes.iter_mut().find(|envelope| envelope.id == id).map(change)
    }

    /// Orders a fault for the next creation.
    pub fn fail_next_creation(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Makes the signed file unavailable, as it is for a while after the last signature, or available again.
    pub fn prepare_files(&self, preparing: bool) {
        self.state().preparing = preparing;
    }

    /// Ids of all envelopes, in the order of their creation.
    pub fn envelope_ids(&self) -> Vec<String> {
        self.state().envelopes.iter().map(|envelope| envelope.id.clone()).collect()
    }

    /// Ids of the envelopes that were withdrawn.
    pub fn cancelled(&self) -> Vec<String> {
        self.state().cancelled.clone()
    }

    /// The person at place `signer` opens the document.
    pub fn view(&self, id: &str, signer: usize, at: DateTime<Utc>) {
        self.change(id, |envelope| {
            for signature in envelope.signatures.iter_mut().skip(signer).take(1) {
                signature.viewed_at = Some(at);
            }
        });
    }

    /// The person at place `signer` signs.
    pub fn sign(&self, id: &str, signer: usize, at: DateTime<Utc>) {
        self.change(id, |envelope| {
            for signature in envelope.signatures.iter_mut().skip(signer).take(1) {
                signature.status = SignatureStatus::Signed;
                signature.viewed_at = signature.viewed_at.or(Some(at));
                signature.signed_at = Some(at);
            }
            envelope.complete = envelope.signatures.iter().all(|s| s.status == SignatureStatus::Signed);
        });
    }

    /// Everybody signs.
    pub fn sign_all(&self, id: &str, at: DateTime<Utc>) {
        let signers = self.change(id, |envelope| envelope.signatures.len());
        for signer in 0..signers.unwrap_or_default() {
            self.sign(id, signer, at);
        }
    }

    /// The person at place `signer` refuses.
    pub fn decline(&self, id: &str, signer: usize) {
        self.change(id, |envelope| {
            envelope.declined = true;
            for signature in envelope.signatures.iter_mut().skip(signer).take(1) {
                signature.status = SignatureStatus::Declined;
            }
        });
    }

    /// The envelope can no longer be signed from `at` on.
    pub fn expire(&self, id: &str, at: DateTime<Utc>) {
        self.change(id, |envelope| envelope.expires_at = Some(at));
    }
}

#[async_trait]
impl ESign for FakeESign {
    async fn create(&self, new: &NewEnvelope) -> Result<Envelope, ESignError> {
        let mut state = self.state();
        let fault = state.faults.pop_front();
        match fault {
            Some(Fault::Refuse) => return Err(ESignError::Refused { code: "bad_request".to_owned() }),
            Some(Fault::LoseRequest) => return Err(ESignError::Unavailable("fault on order".to_owned())),
            Some(Fault::LoseAnswer) | None => {}
        }
        let id = format!("env{}", state.envelopes.len() + 1);
        let signatures = new.signers.iter().enumerate().map(|(place, signer)| Signature {
            id: format!("{id}sig{place}"),
            email: EmailAddress(signer.email.clone()),
            status: SignatureStatus::Awaiting,
            viewed_at: None,
            signed_at: None,
        });
        let envelope = Envelope {
            reference: Some(new.reference.clone()),
            complete: false,
            declined: false,
            failed: false,
            expires_at: None,
            signatures: signatures.collect(),
            id,
        };
        state.envelopes.push(envelope.clone());
        if fault.is_some() {
            return Err(ESignError::Unavailable("fault on order".to_owned()));
        }
        Ok(envelope)
    }

    async fn find(&self, reference: &str) -> Result<Option<Envelope>, ESignError> {
        let state = self.state();
        Ok(state.envelopes.iter().find(|envelope| envelope.reference.as_deref() == Some(reference)).cloned())
    }

    async fn envelope(&self, id: &str) -> Result<Envelope, ESignError> {
        let state = self.state();
        if state.cancelled.iter().any(|cancelled| cancelled == id) {
            return Err(ESignError::NotFound);
        }
        state.envelopes.iter().find(|envelope| envelope.id == id).cloned().ok_or(ESignError::NotFound)
    }

    async fn signed_pdf(&self, id: &str) -> Result<Vec<u8>, ESignError> {
        if self.state().preparing {
            return Err(ESignError::NotReady { code: "conflict".to_owned() });
        }
        let envelope = self.envelope(id).await?;
        Ok(format!("%PDF-1.7\n% signed {}\n", envelope.id).into_bytes())
    }

    async fn sign_url(&self, signature_id: &str) -> Result<String, ESignError> {
        Ok(format!("https://sign.example.test/{signature_id}"))
    }

    async fn cancel(&self, id: &str) -> Result<(), ESignError> {
        let mut state = self.state();
        if !state.cancelled.iter().any(|cancelled| cancelled == id) {
            state.cancelled.push(id.to_owned());
        }
        Ok(())
    }
}
