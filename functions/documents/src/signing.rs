//! Following an envelope: a callback says where to look, the provider says what is true, and the truth is applied forward only.

use chrono::{DateTime, Utc};
use rastup_providers::esign::{Callback, ESignError, Envelope, SignatureStatus};
use rastup_store::{
    Caller, Unit,
    inbox::{self, Outcome},
};
use rastup_types::{DocId, InboxId, PackId, SignEventId, UserId};
use serde_json::{Value, json};

use crate::{
    DocumentError,
    events::PackRef,
    issue::{Issuer, cancel_envelopes},
    model::{EnvelopeStatus, PackStatus, SignerRole},
    packs::{self, LockedPack},
    print::pdf_key,
    rules::envelopes,
};

/// Event of the provider for a request that was withdrawn; the request itself can then no longer be read.
const CANCELLED: &str = "signature_request_canceled";
/// Event of the provider for a request that we have just created; it tells nothing new and usually overtakes our own note.
const SENT: &str = "signature_request_sent";

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It is about an envelope of ours.
    Followed,
    /// It is not; kept and left alone.
    Ignored,
}

#[derive(sqlx::FromRow)]
struct Document {
    doc_id: DocId,
    pack_id: PackId,
    envelope_status: EnvelopeStatus,
    render_pdf_key: Option<String>,
    render_pdf_sha256: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Signer {
    role: SignerRole,
    user_id: UserId,
    signature_id: Option<String>,
}

/// What the provider shows, with the signed file where there is one.
struct Observation {
    status: EnvelopeStatus,
    envelope: Option<Envelope>,
    signed: Option<SignedFile>,
}

struct SignedFile {
    key: String,
    sha256: String,
}

/// Follows the envelope that a stored callback names. Repetition and order of callbacks make no difference: what counts
/// is the envelope as it is now.
pub async fn follow_envelope(
    issuer: &Issuer,
    caller: &Caller,
    inbox_id: InboxId,
) -> Result<Applied, DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    let Some(received) = inbox::lock(&mut unit, inbox_id).await? else { return Err(DocumentError::NotFound) };
    unit.commit().await?;
    if received.processed {
        return Ok(Applied::Followed);
    }
    let callback: Callback = serde_json::from_value(received.body)
        .map_err(|error| DocumentError::Library(format!("stored callback: {error}")))?;
    let Some(envelope_id) = callback.envelope_id else { return ignore(issuer, caller, inbox_id).await };
    let Some(document) = document_of(issuer, &envelope_id).await? else {
        if callback.event_type == SENT {
            return ignore(issuer, caller, inbox_id).await;
        }
        return unknown(issuer, caller, inbox_id, &envelope_id).await;
    };
    let observation = if document.envelope_status == EnvelopeStatus::Sent {
        let withdrawn = callback.event_type == CANCELLED;
        Some(observe(issuer, &document, &envelope_id, withdrawn).await?)
    } else {
        None
    };

    let mut unit = issuer.store.unit(caller).await?;
    let again = inbox::lock(&mut unit, inbox_id).await?.is_none_or(|received| received.processed);
    if !again {
        if let Some(observation) = &observation {
            apply(&mut unit, &document, observation).await?;
        }
        inbox::mark_processed(&mut unit, inbox_id, Outcome::Applied).await?;
    }
    unit.commit().await?;
    // The envelopes of a pack that just ended are withdrawn here at once; the worker on its event is the safety net.
    if observation.is_some_and(|observation| observation.status != EnvelopeStatus::Sent) {
        cancel_envelopes(issuer, caller, document.pack_id).await?;
    }
    Ok(Applied::Followed)
}

async fn document_of(issuer: &Issuer, envelope_id: &str) -> Result<Option<Document>, sqlx::Error> {
    sqlx::query_as(
        "select doc_id, pack_id, envelope_status, render_pdf_key, render_pdf_sha256
         from documents.doc_instance where envelope_id = $1",
    )
    .bind(envelope_id)
    .fetch_optional(issuer.store.pool())
    .await
}

async fn ignore(issuer: &Issuer, caller: &Caller, inbox_id: InboxId) -> Result<Applied, DocumentError> {
    let mut unit = issuer.store.unit(caller).await?;
    inbox::mark_processed(&mut unit, inbox_id, Outcome::Ignored).await?;
    unit.commit().await?;
    Ok(Applied::Ignored)
}

/// A callback can overtake the note of the envelope that it is about: then it waits. All others are not ours.
async fn unknown(
    issuer: &Issuer,
    caller: &Caller,
    inbox_id: InboxId,
    envelope_id: &str,
) -> Result<Applied, DocumentError> {
    let reference = match issuer.esign.envelope(envelope_id).await {
        Ok(envelope) => envelope.reference,
        Err(ESignError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let doc_id = reference.and_then(|reference| reference.parse::<DocId>().ok());
    let waits: bool = sqlx::query_scalar(
        "select exists (select from documents.doc_instance
                        where doc_id = $1 and envelope_id is null and envelope_status = 'none')",
    )
    .bind(doc_id)
    .fetch_one(issuer.store.pool())
    .await?;
    if waits { Err(DocumentError::EnvelopeUnsettled) } else { ignore(issuer, caller, inbox_id).await }
}

async fn observe(
    issuer: &Issuer,
    document: &Document,
    envelope_id: &str,
    withdrawn: bool,
) -> Result<Observation, DocumentError> {
    let envelope = match issuer.esign.envelope(envelope_id).await {
        Ok(envelope) => envelope,
        Err(ESignError::NotFound) if withdrawn => {
            return Ok(Observation { status: EnvelopeStatus::Voided, envelope: None, signed: None });
        }
        Err(error) => return Err(error.into()),
    };
    let status = envelopes::observed(&envelope, issuer.store.now());
    let signed = match status {
        EnvelopeStatus::Completed => Some(fetch_signed(issuer, document, envelope_id).await?),
        EnvelopeStatus::None
        | EnvelopeStatus::Sent
        | EnvelopeStatus::Declined
        | EnvelopeStatus::Voided
        | EnvelopeStatus::Expired => None,
    };
    Ok(Observation { status, envelope: Some(envelope), signed })
}

/// Keeps the signed file under its own hash and proves that the issued one is still what was sent (§1.5.H).
async fn fetch_signed(
    issuer: &Issuer,
    document: &Document,
    envelope_id: &str,
) -> Result<SignedFile, DocumentError> {
    let tampered = || DocumentError::HashMismatch(document.doc_id);
    let key = document.render_pdf_key.as_deref().ok_or_else(tampered)?;
    let issued = issuer.objects.get(key).await.map_err(DocumentError::Bucket)?;
    if document.render_pdf_sha256.as_deref() != Some(rastup_pdf::sha256_hex(&issued).as_str()) {
        return Err(tampered());
    }
    let signed = issuer.esign.signed_pdf(envelope_id).await?;
    if !signed.starts_with(b"%PDF-") {
        return Err(ESignError::Unavailable("the signed file is not a PDF".to_owned()).into());
    }
    let sha256 = rastup_pdf::sha256_hex(&signed);
    // The provider may stamp a file anew at each download: the hash in the name keeps the noted one from being replaced.
    let short: String = sha256.chars().take(16).collect();
    let key = pdf_key(document.pack_id, document.doc_id, &format!("_signed_{short}"));
    issuer.objects.put(&key, "application/pdf", signed).await.map_err(DocumentError::Bucket)?;
    Ok(SignedFile { key, sha256 })
}

async fn apply(unit: &mut Unit, document: &Document, observation: &Observation) -> Result<(), DocumentError> {
    let LockedPack { pack, status: pack_status } =
        packs::lock(unit, document.pack_id).await?.ok_or(DocumentError::NotFound)?;
    let current: EnvelopeStatus =
        sqlx::query_scalar("select envelope_status from documents.doc_instance where doc_id = $1")
            .bind(document.doc_id)
            .fetch_one(unit.conn())
            .await?;
    if current != EnvelopeStatus::Sent {
        return Ok(());
    }
    if let Some(envelope) = &observation.envelope {
        apply_signatures(unit, &pack, document.doc_id, envelope).await?;
    }
    if !envelopes::may_become(current, observation.status) {
        return Ok(());
    }
    let now = unit.now();
    sqlx::query(
        "update documents.doc_instance
         set envelope_status = $2, signed_pdf_key = $3, signed_pdf_sha256 = $4, updated_at = $5 where doc_id = $1",
    )
    .bind(document.doc_id)
    .bind(observation.status)
    .bind(observation.signed.as_ref().map(|signed| &signed.key))
    .bind(observation.signed.as_ref().map(|signed| &signed.sha256))
    .bind(now)
    .execute(unit.conn())
    .await?;
    let doc_id = document.doc_id;
    match observation.status {
        EnvelopeStatus::Completed => {
            let signed_sha256 = observation.signed.as_ref().map(|signed| signed.sha256.clone());
            log(unit, doc_id, "system", None, "completed", json!({ "signed_sha256": signed_sha256 })).await?;
            let verified = pack.doc_event("doc.pdf.hash_verified", doc_id);
            let verified = verified.fact("render_sha256", document.render_pdf_sha256.clone());
            unit.publish(verified.fact("signed_sha256", signed_sha256.clone())).await?;
            let completed = pack.doc_event("doc.envelope.completed", doc_id);
            unit.publish(completed.fact("signed_sha256", signed_sha256)).await?;
            sign_when_all_complete(unit, &pack, pack_status).await
        }
        EnvelopeStatus::Declined => {
            unit.publish(pack.doc_event("doc.envelope.declined", doc_id)).await?;
            end(unit, &pack, pack_status, PackStatus::Voided, "declined").await
        }
        EnvelopeStatus::Expired => {
            log(unit, doc_id, "system", None, "expired", json!({})).await?;
            unit.publish(pack.doc_event("doc.envelope.expired", doc_id)).await?;
            end(unit, &pack, pack_status, PackStatus::Superseded, "envelope_expired").await
        }
        EnvelopeStatus::Voided => {
            log(unit, doc_id, "system", None, "voided", json!({})).await?;
            end(unit, &pack, pack_status, PackStatus::Voided, "envelope_lost").await
        }
        EnvelopeStatus::None | EnvelopeStatus::Sent => Ok(()),
    }
}

async fn apply_signatures(
    unit: &mut Unit,
    pack: &PackRef,
    doc_id: DocId,
    envelope: &Envelope,
) -> Result<(), DocumentError> {
    let signers: Vec<Signer> = sqlx::query_as(
        "select role, user_id, signature_id from documents.doc_signer where doc_id = $1 order by position",
    )
    .bind(doc_id)
    .fetch_all(unit.conn())
    .await?;
    let now = unit.now();
    for signer in signers {
        let own =
            envelope.signatures.iter().find(|signature| Some(&signature.id) == signer.signature_id.as_ref());
        let Some(signature) = own else { continue };
        let signed_at = match signature.status {
            SignatureStatus::Signed => Some(signature.signed_at.unwrap_or(now)),
            SignatureStatus::Awaiting | SignatureStatus::Declined | SignatureStatus::Expired => None,
        };
        let declined_at = (signature.status == SignatureStatus::Declined).then_some(now);
        note_signer(unit, doc_id, signer.role, [signature.viewed_at, signed_at, declined_at]).await?;
        let facts = json!({
            "signature_id": signature.id, "viewed_at": signature.viewed_at, "signed_at": signature.signed_at,
        });
        let seen = [
            ("viewed", Some("doc.envelope.viewed"), signature.viewed_at.is_some()),
            ("signed", Some("doc.envelope.signed"), signed_at.is_some()),
            ("declined", None, declined_at.is_some()),
        ];
        for (event, published, happened) in seen {
            let role = signer.role.as_str();
            let is_new =
                happened && log(unit, doc_id, role, Some(signer.user_id), event, facts.clone()).await?;
            if let Some(name) = published.filter(|_| is_new) {
                let event = pack.doc_event(name, doc_id).user(signer.user_id);
                unit.publish(event.fact("role", role)).await?;
            }
        }
    }
    Ok(())
}

/// Notes what a signer did; what was noted first stays.
async fn note_signer(
    unit: &mut Unit,
    doc_id: DocId,
    role: SignerRole,
    [viewed_at, signed_at, declined_at]: [Option<DateTime<Utc>>; 3],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update documents.doc_signer
         set viewed_at = coalesce(viewed_at, $3), signed_at = coalesce(signed_at, $4),
             declined_at = coalesce(declined_at, $5)
         where doc_id = $1 and role = $2",
    )
    .bind(doc_id)
    .bind(role)
    .bind(viewed_at)
    .bind(signed_at)
    .bind(declined_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Adds to the signing log; false when it was there.
async fn log(
    unit: &mut Unit,
    doc_id: DocId,
    role: &str,
    user_id: Option<UserId>,
    event: &str,
    facts: Value,
) -> Result<bool, sqlx::Error> {
    let (id, now): (SignEventId, _) = (unit.mint(), unit.now());
    let added = sqlx::query(
        "insert into documents.doc_sign_event
             (sign_event_id, doc_id, actor_role, actor_user_id, event, provider_payload, created_at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (doc_id, actor_role, event) do nothing",
    )
    .bind(id)
    .bind(doc_id)
    .bind(role)
    .bind(user_id)
    .bind(event)
    .bind(facts)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(added.rows_affected() == 1)
}

async fn sign_when_all_complete(
    unit: &mut Unit,
    pack: &PackRef,
    status: PackStatus,
) -> Result<(), DocumentError> {
    let (documents, waiting): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where envelope_status <> 'completed')
         from documents.doc_instance where pack_id = $1",
    )
    .bind(pack.pack_id)
    .fetch_one(unit.conn())
    .await?;
    if waiting == 0 && status.is_active() {
        packs::set_status(unit, pack.pack_id, PackStatus::Signed, None).await?;
        unit.audit("doc.pack.signed", pack.pack_id, json!({ "documents": documents }));
        unit.publish(pack.event("doc.pack.signed").fact("documents", documents)).await?;
    }
    Ok(())
}

/// Ends a pack that will never be signed, with its other envelopes; the leg can then get a new one.
async fn end(
    unit: &mut Unit,
    pack: &PackRef,
    status: PackStatus,
    to: PackStatus,
    reason: &'static str,
) -> Result<(), DocumentError> {
    if !status.is_active() {
        return Ok(());
    }
    packs::void_open_envelopes(unit, pack.pack_id).await?;
    packs::set_status(unit, pack.pack_id, to, Some(reason)).await?;
    let name = if to == PackStatus::Superseded { "doc.pack.superseded" } else { "doc.pack.voided" };
    unit.audit(name, pack.pack_id, json!({ "reason": reason }));
    unit.publish(pack.event(name).fact("reason", reason)).await?;
    Ok(())
}
