//! Sending the documents of a pack for signature, and withdrawing them. Every step can be repeated; none is done twice.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use rastup_providers::esign::{ESign, ESignError, Envelope, EnvelopeSigner, NewEnvelope};
use rastup_runtime::Objects;
use rastup_store::{Caller, Store, Unit};
use rastup_types::{DocId, PackId, SignEventId, TemplateId};
use serde_json::{Value, json};
use sqlx::types::Json;

use crate::{
    DocumentError,
    events::PackRef,
    model::{EnvelopeStatus, PackStatus, SignerRole},
    packs,
    print::print,
};

/// How long a creation without an answer is left alone: longer than the worker may run, and longer than the provider's
/// search lags behind its creations.
const SETTLE: Duration = Duration::seconds(60);

/// What printing and sending need.
#[derive(Clone)]
pub struct Issuer {
    /// The database.
    pub store: Store,
    /// The bucket of documents.
    pub objects: Arc<dyn Objects>,
    /// The e-signature service.
    pub esign: Arc<dyn ESign>,
}

/// A document as it is printed and sent.
#[derive(sqlx::FromRow)]
pub(crate) struct Document {
    pub(crate) doc_id: DocId,
    pub(crate) template_id: TemplateId,
    pub(crate) template_version: i32,
    pub(crate) title: String,
    pub(crate) clause_ids: Vec<String>,
    pub(crate) variables_filled: Json<BTreeMap<String, Value>>,
    pub(crate) render_pdf_key: Option<String>,
    pub(crate) render_pdf_sha256: Option<String>,
    pub(crate) envelope_id: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Who signs it.
#[derive(sqlx::FromRow)]
pub(crate) struct Signer {
    pub(crate) role: SignerRole,
    pub(crate) legal_name: String,
    pub(crate) email: String,
}

/// Prints and sends every document of a draft pack that is not out yet; the last one makes the pack issued.
pub async fn issue(issuer: &Issuer, caller: &Caller, pack_id: PackId) -> Result<(), DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    let pack = packs::lock(&mut unit, pack_id).await?.ok_or(DocumentError::NotFound)?;
    let documents = documents_of(&mut unit, pack_id).await?;
    unit.commit().await?;
    if pack.status != PackStatus::Draft {
        return Ok(());
    }
    for document in documents {
        let pdf = print(issuer, caller, &pack.pack, &document).await?;
        if document.envelope_id.is_none() {
            send(issuer, caller, &pack.pack, &document, pdf).await?;
        }
    }
    Ok(())
}

async fn documents_of(unit: &mut Unit, pack_id: PackId) -> Result<Vec<Document>, sqlx::Error> {
    sqlx::query_as(
        "select doc_id, template_id, template_version, title, clause_ids, variables_filled, render_pdf_key,
                render_pdf_sha256, envelope_id, created_at
         from documents.doc_instance where pack_id = $1 order by position",
    )
    .bind(pack_id)
    .fetch_all(unit.conn())
    .await
}

pub(crate) async fn signers_of(unit: &mut Unit, doc_id: DocId) -> Result<Vec<Signer>, sqlx::Error> {
    sqlx::query_as(
        "select role, legal_name, email from documents.doc_signer
         where doc_id = $1 order by position",
    )
    .bind(doc_id)
    .fetch_all(unit.conn())
    .await
}

/// Creates the envelope of a document, once.
///
/// The provider has no idempotency key, so an answer that is lost must not lead to a second envelope. The intent is
/// committed before the call, and our id of the document travels as metadata. An attempt that finds an intent looks the
/// envelope up first and adopts it. Where nothing is found, the attempt before may still be running or the provider's
/// search may lag: only after [`SETTLE`] is it asked again. A clear refusal takes the intent back. Should a second envelope
/// come into being all the same, nobody can sign it: signing is embedded, no mail is sent, and only the noted envelope's
/// signatures get an address.
async fn send(
    issuer: &Issuer,
    caller: &Caller,
    pack: &PackRef,
    document: &Document,
    pdf: Vec<u8>,
) -> Result<(), DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    let now = unit.now();
    let requested_before: Option<DateTime<Utc>> = sqlx::query_scalar(
        "select envelope_requested_at from documents.doc_instance where doc_id = $1 for update",
    )
    .bind(document.doc_id)
    .fetch_one(unit.conn())
    .await?;
    let signers = signers_of(&mut unit, document.doc_id).await?;
    if requested_before.is_none() {
        note_intent(&mut unit, document.doc_id, Some(now)).await?;
    }
    unit.commit().await?;

    let reference = document.doc_id.to_string();
    let known = match requested_before {
        None => None,
        Some(at) => match issuer.esign.find(&reference).await? {
            None if now - at < SETTLE => return Err(DocumentError::EnvelopeUnsettled),
            None => {
                renew_intent(issuer, caller, document.doc_id, at).await?;
                None
            }
            Some(envelope) => Some(envelope),
        },
    };
    let envelope = match known {
        Some(envelope) => envelope,
        None => create(issuer, caller, pack, document, &signers, pdf).await?,
    };
    note_sent(issuer, caller, pack, document, &signers, &envelope).await
}

async fn create(
    issuer: &Issuer,
    caller: &Caller,
    pack: &PackRef,
    document: &Document,
    signers: &[Signer],
    pdf: Vec<u8>,
) -> Result<Envelope, DocumentError> {
    let reference = document.doc_id.to_string();
    let signers = signers
        .iter()
        .map(|signer| EnvelopeSigner { name: signer.legal_name.clone(), email: signer.email.clone() })
        .collect();
    let metadata = BTreeMap::from([
        ("lbg_id".to_owned(), pack.lbg_id.to_string()),
        ("pack_id".to_owned(), pack.pack_id.to_string()),
    ]);
    let new = NewEnvelope { reference, title: document.title.clone(), pdf, metadata, signers };
    match issuer.esign.create(&new).await {
        Ok(envelope) => Ok(envelope),
        Err(error) => {
            if matches!(error, ESignError::Refused { .. }) {
                let mut unit = issuer.store.unit(caller).await?;
                note_intent(&mut unit, document.doc_id, None).await?;
                unit.commit().await?;
            }
            Err(error.into())
        }
    }
}

async fn note_intent(unit: &mut Unit, doc_id: DocId, at: Option<DateTime<Utc>>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update documents.doc_instance set envelope_requested_at = $2
         where doc_id = $1 and envelope_id is null",
    )
    .bind(doc_id)
    .bind(at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Takes over an unanswered intent; of two attempts that try, one does.
async fn renew_intent(
    issuer: &Issuer,
    caller: &Caller,
    doc_id: DocId,
    seen: DateTime<Utc>,
) -> Result<(), DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    let now = unit.now();
    let renewed = sqlx::query(
        "update documents.doc_instance set envelope_requested_at = $3
         where doc_id = $1 and envelope_id is null and envelope_requested_at = $2",
    )
    .bind(doc_id)
    .bind(seen)
    .bind(now)
    .execute(unit.conn())
    .await?;
    unit.commit().await?;
    if renewed.rows_affected() == 1 { Ok(()) } else { Err(DocumentError::EnvelopeUnsettled) }
}

/// Notes the envelope; the last one of the pack makes it issued. A pack that ended meanwhile only keeps the envelope's id,
/// so that it can be withdrawn.
async fn note_sent(
    issuer: &Issuer,
    caller: &Caller,
    pack: &PackRef,
    document: &Document,
    signers: &[Signer],
    envelope: &Envelope,
) -> Result<(), DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    let locked = packs::lock(&mut unit, pack.pack_id).await?.ok_or(DocumentError::NotFound)?;
    let is_draft = locked.status == PackStatus::Draft;
    let status = if is_draft { EnvelopeStatus::Sent } else { EnvelopeStatus::Voided };
    let now = unit.now();
    let noted = sqlx::query(
        "update documents.doc_instance set envelope_id = $2, envelope_status = $3, updated_at = $4
         where doc_id = $1 and envelope_id is null",
    )
    .bind(document.doc_id)
    .bind(&envelope.id)
    .bind(status)
    .bind(now)
    .execute(unit.conn())
    .await?;
    if noted.rows_affected() == 1 && is_draft {
        note_signatures(&mut unit, document.doc_id, signers, envelope).await?;
        log_sent(&mut unit, document.doc_id, &envelope.id).await?;
        let event = pack.doc_event("doc.envelope.sent", document.doc_id);
        unit.publish(event.fact("signers", signers.len())).await?;
        issue_when_all_sent(&mut unit, pack).await?;
    }
    unit.commit().await?;
    if !is_draft {
        cancel_envelopes(issuer, caller, pack.pack_id).await?;
    }
    Ok(())
}

/// Notes which of the provider's signatures is whose; without that nobody could be led to their own signing page.
async fn note_signatures(
    unit: &mut Unit,
    doc_id: DocId,
    signers: &[Signer],
    envelope: &Envelope,
) -> Result<(), DocumentError> {
    for signer in signers {
        let signature = envelope.signatures.iter().find(|signature| signature.email.is(&signer.email));
        let signature =
            signature.ok_or(ESignError::Refused { code: "a_signer_has_no_signature".to_owned() })?;
        sqlx::query("update documents.doc_signer set signature_id = $3 where doc_id = $1 and role = $2")
            .bind(doc_id)
            .bind(signer.role)
            .bind(&signature.id)
            .execute(unit.conn())
            .await?;
    }
    Ok(())
}

async fn log_sent(unit: &mut Unit, doc_id: DocId, envelope_id: &str) -> Result<(), sqlx::Error> {
    let (id, now): (SignEventId, _) = (unit.mint(), unit.now());
    sqlx::query(
        "insert into documents.doc_sign_event (sign_event_id, doc_id, actor_role, event, provider_payload, created_at)
         values ($1, $2, 'system', 'envelope_sent', $3, $4) on conflict do nothing",
    )
    .bind(id)
    .bind(doc_id)
    .bind(json!({ "envelope_id": envelope_id }))
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

async fn issue_when_all_sent(unit: &mut Unit, pack: &PackRef) -> Result<(), DocumentError> {
    let (documents, waiting): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where envelope_status = 'none')
         from documents.doc_instance where pack_id = $1",
    )
    .bind(pack.pack_id)
    .fetch_one(unit.conn())
    .await?;
    if waiting == 0 {
        packs::set_status(unit, pack.pack_id, PackStatus::Issued, None).await?;
        unit.publish(pack.event("doc.pack.issued").fact("documents", documents)).await?;
    }
    Ok(())
}

/// Withdraws the envelopes of a pack that has ended, as far as they are open at the provider.
pub async fn cancel_envelopes(
    issuer: &Issuer,
    caller: &Caller,
    pack_id: PackId,
) -> Result<(), DocumentError> {
    let open: Vec<(DocId, String)> = sqlx::query_as(
        "select doc_id, envelope_id from documents.doc_instance
         where pack_id = $1 and envelope_status = 'voided' and envelope_id is not null
           and envelope_cancelled_at is null
         order by position",
    )
    .bind(pack_id)
    .fetch_all(issuer.store.pool())
    .await?;
    for (doc_id, envelope_id) in open {
        match issuer.esign.cancel(&envelope_id).await {
            Ok(()) => {}
            // The provider refuses to withdraw what has ended by itself; then there is nothing left to withdraw.
            Err(ESignError::Refused { code }) => {
                tracing::info!(%doc_id, code, "the envelope had ended before it was withdrawn");
            }
            Err(error) => return Err(error.into()),
        }
        let mut unit = issuer.store.unit(caller).await?;
        let now = unit.now();
        sqlx::query("update documents.doc_instance set envelope_cancelled_at = $2 where doc_id = $1")
            .bind(doc_id)
            .bind(now)
            .execute(unit.conn())
            .await?;
        unit.commit().await?;
    }
    Ok(())
}
