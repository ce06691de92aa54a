//! A pack as those see it who may: its signers and staff (§1.5.I). Nobody sees another's signing page or address.

use chrono::{DateTime, SecondsFormat, Utc};
use rastup_store::Unit;
use rastup_types::{Actor, DocId, LegId, PackId, UserId};
use serde_json::{Value, json};

use crate::{
    DocumentError,
    model::{EnvelopeStatus, PackStatus, SignerRole},
};

/// A pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackView {
    /// The pack.
    pub pack_id: PackId,
    /// The leg that it belongs to.
    pub leg_id: LegId,
    /// Its state.
    pub status: PackStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its documents in their order.
    pub documents: Vec<DocumentView>,
    /// True when the caller reads it as staff, not as one of its parties.
    pub read_by_staff: bool,
}

/// A document of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentView {
    /// The document.
    pub doc_id: DocId,
    /// Title as printed.
    pub title: String,
    /// Published version of its template.
    pub template_version: i32,
    /// State of its envelope.
    pub envelope_status: EnvelopeStatus,
    /// SHA-256 of the PDF as issued, lowercase hex.
    pub render_sha256: Option<String>,
    /// SHA-256 of the PDF as signed, lowercase hex.
    pub signed_sha256: Option<String>,
    /// Key of the newest PDF in the bucket: as signed, or as issued.
    pub pdf_key: Option<String>,
    /// A short-lived address of that PDF; filled in by the resolver.
    pub download_url: Option<String>,
    /// Who signs.
    pub signers: Vec<SignerView>,
}

/// A signer, without name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerView {
    /// Signs as.
    pub role: SignerRole,
    /// True when it has signed.
    pub signed: bool,
    /// The provider's id of the signature, for the caller's own open one only.
    pub own_open_signature: Option<String>,
    /// Where the caller signs; filled in by the resolver.
    pub sign_url: Option<String>,
}

#[derive(sqlx::FromRow)]
struct PackRow {
    leg_id: LegId,
    status: PackStatus,
    created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    doc_id: DocId,
    title: String,
    template_version: i32,
    envelope_status: EnvelopeStatus,
    render_pdf_sha256: Option<String>,
    signed_pdf_sha256: Option<String>,
    pdf_key: Option<String>,
    role: SignerRole,
    user_id: UserId,
    signature_id: Option<String>,
    signed_at: Option<DateTime<Utc>>,
}

/// Reads a pack. Error: [`DocumentError::NotFound`] when there is none that the caller may see.
pub async fn pack_view(unit: &mut Unit, pack_id: PackId, actor: &Actor) -> Result<PackView, DocumentError> {
    let pack: PackRow =
        sqlx::query_as("select leg_id, status, created_at from documents.doc_pack where pack_id = $1")
            .bind(pack_id)
            .fetch_optional(unit.conn())
            .await?
            .ok_or(DocumentError::NotFound)?;
    let rows: Vec<Row> = sqlx::query_as(
        "select d.doc_id, d.title, d.template_version, d.envelope_status, d.render_pdf_sha256, d.signed_pdf_sha256,
                coalesce(d.signed_pdf_key, d.render_pdf_key) as pdf_key,
                s.role, s.user_id, s.signature_id, s.signed_at
         from documents.doc_instance d join documents.doc_signer s using (doc_id)
         where d.pack_id = $1 order by d.position, s.position",
    )
    .bind(pack_id)
    .fetch_all(unit.conn())
    .await?;
    let caller = actor.user_id();
    let is_party = rows.iter().any(|row| Some(row.user_id) == caller);
    if !is_party && !actor.reads_orders() {
        return Err(DocumentError::NotFound);
    }
    let mut documents: Vec<DocumentView> = Vec::new();
    for row in rows {
        let open = row.envelope_status == EnvelopeStatus::Sent && row.signed_at.is_none();
        let own = Some(row.user_id) == caller;
        let signer = SignerView {
            role: row.role,
            signed: row.signed_at.is_some(),
            own_open_signature: row.signature_id.filter(|_| open && own),
            sign_url: None,
        };
        match documents.last_mut().filter(|document| document.doc_id == row.doc_id) {
            Some(document) => document.signers.push(signer),
            None => documents.push(DocumentView {
                doc_id: row.doc_id,
                title: row.title,
                template_version: row.template_version,
                envelope_status: row.envelope_status,
                render_sha256: row.render_pdf_sha256,
                signed_sha256: row.signed_pdf_sha256,
                pdf_key: row.pdf_key,
                download_url: None,
                signers: vec![signer],
            }),
        }
    }
    Ok(PackView {
        pack_id,
        leg_id: pack.leg_id,
        status: pack.status,
        created_at: pack.created_at,
        documents,
        read_by_staff: !is_party && caller.is_some(),
    })
}

impl PackView {
    /// The pack as the type `DocPack` of the GraphQL schema.
    pub fn to_json(&self) -> Value {
        json!({
            "packId": self.pack_id,
            "legId": self.leg_id,
            "status": self.status,
            "createdAt": self.created_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "documents": self.documents.iter().map(|document| json!({
                "docId": document.doc_id,
                "title": document.title,
                "templateVersion": document.template_version,
                "envelopeStatus": document.envelope_status,
                "renderSha256": document.render_sha256,
                "signedSha256": document.signed_sha256,
                "downloadUrl": document.download_url,
                "signers": document.signers.iter().map(|signer| json!({
                    "role": signer.role.as_str().to_ascii_uppercase(),
                    "signed": signer.signed,
                    "signUrl": signer.sign_url,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    }
}

/// A pack as the type `DocPack`, without addresses: those need the bucket and the provider, which only `docPack` asks.
pub async fn pack_json(unit: &mut Unit, pack_id: PackId, actor: &Actor) -> Result<Value, DocumentError> {
    Ok(pack_view(unit, pack_id, actor).await?.to_json())
}
