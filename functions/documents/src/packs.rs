//! Packs of a leg: deciding what must be signed, replacing a pack, and what other contexts ask about one.

use std::collections::BTreeMap;

use rastup_store::Unit;
use rastup_types::{DocId, LegId, PackId, pricing::LegType};
use serde_json::Value;
use sqlx::types::Json;

use crate::{
    DocumentError,
    events::PackRef,
    library,
    model::{EnvelopeStatus, PackRequest, PackStatus, Party, SignedDocument, SignerRole},
    rules::{
        signers, templates,
        templates::Chosen,
        variables::{self, Problem},
    },
};

/// Written into every pack: which code bound and printed it.
const GENERATOR_VERSION: &str = concat!("documents-", env!("CARGO_PKG_VERSION"));

/// A document that a leg needs, decided but not written.
struct Draft<'a> {
    chosen: Chosen<'a>,
    variables: BTreeMap<String, Value>,
    signers: Vec<(SignerRole, &'a Party)>,
}

/// Decides the documents of the leg and writes them as a draft pack, whose PDFs and envelopes a worker makes; a leg that
/// has an active pack keeps it. Errors: [`DocumentError::TemplateGated`], [`DocumentError::VarsMissing`] with every
/// variable of every document, [`DocumentError::SignerMissing`].
pub async fn issue_pack(unit: &mut Unit, request: &PackRequest) -> Result<PackId, DocumentError> {
    if let Some(active) = active_pack(unit, request.leg_id).await? {
        return Ok(active);
    }
    let library = library::published(unit).await?;
    let drafts = decide(&library, request, unit.now().date_naive())?;
    let pack = PackRef {
        pack_id: unit.mint(),
        lbg_id: request.lbg_id,
        leg_id: request.leg_id,
        city: request.city.clone(),
    };
    if !insert_pack(unit, &pack, request).await? {
        // Another request was first; its pack is committed by now.
        return active_pack(unit, request.leg_id).await?.ok_or(DocumentError::NotFound);
    }
    for (position, draft) in (1..).zip(&drafts) {
        insert_document(unit, pack.pack_id, position, draft).await?;
    }
    let leg_type = match request.leg_type {
        LegType::Talent => "talent",
        LegType::Studio => "studio",
    };
    let event = pack.event("doc.pack.create").fact("leg_type", leg_type).fact("documents", drafts.len());
    unit.publish(event).await?;
    Ok(pack.pack_id)
}

fn decide<'a>(
    library: &'a [templates::Template],
    request: &'a PackRequest,
    today: chrono::NaiveDate,
) -> Result<Vec<Draft<'a>>, DocumentError> {
    if (request.leg_type == LegType::Talent) != request.role.is_some() {
        return Err(DocumentError::Library("a talent leg has a role, a studio leg has none".to_owned()));
    }
    let chosen = templates::resolve(library, request.leg_type, request.role, &request.city)
        .map_err(|kinds| DocumentError::TemplateGated { kinds })?;
    let mut drafts = Vec::with_capacity(chosen.len());
    let mut problems: BTreeMap<String, Problem> = BTreeMap::new();
    let mut unsigned: Vec<SignerRole> = Vec::new();
    for chosen in chosen {
        let filled = variables::fill(&chosen.declarations()?, &request.variables, today);
        let assigned = signers::assign(&chosen.template.signers, &request.parties);
        match (filled, assigned) {
            (Ok(variables), Ok(signers)) => drafts.push(Draft { chosen, variables, signers }),
            (filled, assigned) => {
                problems.extend(filled.err().unwrap_or_default());
                unsigned.extend(assigned.err().unwrap_or_default());
            }
        }
    }
    if !problems.is_empty() {
        return Err(DocumentError::VarsMissing(problems.into_iter().collect()));
    }
    if !unsigned.is_empty() {
        unsigned.sort();
        unsigned.dedup();
        return Err(DocumentError::SignerMissing(unsigned));
    }
    Ok(drafts)
}

async fn active_pack(unit: &mut Unit, leg_id: LegId) -> Result<Option<PackId>, sqlx::Error> {
    sqlx::query_scalar(
        "select pack_id from documents.doc_pack where leg_id = $1 and status in ('draft', 'issued', 'signed')",
    )
    .bind(leg_id)
    .fetch_optional(unit.conn())
    .await
}

/// False when the leg has an active pack already; waits for a concurrent writer.
async fn insert_pack(unit: &mut Unit, pack: &PackRef, request: &PackRequest) -> Result<bool, sqlx::Error> {
    let now = unit.now();
    let inserted = sqlx::query(
        "insert into documents.doc_pack
             (pack_id, lbg_id, leg_id, leg_type, role, city, status, generator_ver, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $8)
         on conflict (leg_id) where status in ('draft', 'issued', 'signed') do nothing",
    )
    .bind(pack.pack_id)
    .bind(pack.lbg_id)
    .bind(pack.leg_id)
    .bind(request.leg_type)
    .bind(request.role)
    .bind(&request.city)
    .bind(GENERATOR_VERSION)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(inserted.rows_affected() == 1)
}

async fn insert_document(
    unit: &mut Unit,
    pack_id: PackId,
    position: i32,
    draft: &Draft<'_>,
) -> Result<(), sqlx::Error> {
    let (doc_id, now): (DocId, _) = (unit.mint(), unit.now());
    let template = draft.chosen.template;
    let clause_ids: Vec<String> =
        draft.chosen.clauses.iter().map(|clause| clause.clause_id.to_string()).collect();
    sqlx::query(
        "insert into documents.doc_instance
             (doc_id, pack_id, position, template_id, template_version, title, clause_ids, variables_filled,
              created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(doc_id)
    .bind(pack_id)
    .bind(position)
    .bind(template.template_id)
    .bind(template.version)
    .bind(&template.layout.title)
    .bind(clause_ids)
    .bind(Json(&draft.variables))
    .bind(now)
    .execute(unit.conn())
    .await?;
    for (order, (role, party)) in (0i32..).zip(&draft.signers) {
        sqlx::query(
            "insert into documents.doc_signer (doc_id, role, position, user_id, legal_name, email)
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(doc_id)
        .bind(role)
        .bind(order)
        .bind(party.user_id)
        .bind(&party.legal_name)
        .bind(&party.email)
        .execute(unit.conn())
        .await?;
    }
    Ok(())
}

/// A pack, locked: whoever changes one of its documents holds it first.
#[derive(sqlx::FromRow)]
pub(crate) struct LockedPack {
    #[sqlx(flatten)]
    pub(crate) pack: PackRef,
    pub(crate) status: PackStatus,
}

/// Reads and locks a pack.
pub(crate) async fn lock(unit: &mut Unit, pack_id: PackId) -> Result<Option<LockedPack>, sqlx::Error> {
    sqlx::query_as(
        "select pack_id, lbg_id, leg_id, city, status from documents.doc_pack where pack_id = $1 for update",
    )
    .bind(pack_id)
    .fetch_optional(unit.conn())
    .await
}

/// Moves a locked pack on; `reason` where it ends without being signed.
pub(crate) async fn set_status(
    unit: &mut Unit,
    pack_id: PackId,
    status: PackStatus,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update documents.doc_pack set status = $2, end_reason = $3, updated_at = $4 where pack_id = $1",
    )
    .bind(pack_id)
    .bind(status)
    .bind(reason)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Ends every envelope of a pack that has not ended; a worker withdraws them from the provider.
pub(crate) async fn void_open_envelopes(unit: &mut Unit, pack_id: PackId) -> Result<(), sqlx::Error> {
    let now = unit.now();
    sqlx::query(
        "update documents.doc_instance set envelope_status = $2, updated_at = $3
         where pack_id = $1 and envelope_status in ('none', 'sent')",
    )
    .bind(pack_id)
    .bind(EnvelopeStatus::Voided)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Ends the leg's active pack because what it says is no longer true (§1.5.E); its documents stay as evidence. Answers
/// with the pack that ended, if there was one.
pub async fn supersede(unit: &mut Unit, leg_id: LegId) -> Result<Option<PackId>, DocumentError> {
    let Some(pack_id) = active_pack(unit, leg_id).await? else { return Ok(None) };
    let Some(locked) = lock(unit, pack_id).await? else { return Ok(None) };
    if !locked.status.is_active() {
        return Ok(None);
    }
    void_open_envelopes(unit, pack_id).await?;
    set_status(unit, pack_id, PackStatus::Superseded, Some("leg_changed")).await?;
    unit.audit("doc.pack.superseded", pack_id, serde_json::json!({ "reason": "leg_changed" }));
    unit.publish(locked.pack.event("doc.pack.superseded").fact("reason", "leg_changed")).await?;
    Ok(Some(pack_id))
}

/// True when everything that the leg needs is signed: the gate before payment (§1.5.A).
pub async fn is_signed(unit: &mut Unit, leg_id: LegId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from documents.doc_pack where leg_id = $1 and status = 'signed')",
    )
    .bind(leg_id)
    .fetch_one(unit.conn())
    .await
}

/// The documents of the leg's signed pack, for its receipt; none while it is not signed.
pub async fn signed_documents(unit: &mut Unit, leg_id: LegId) -> Result<Vec<SignedDocument>, sqlx::Error> {
    let rows: Vec<(DocId, String, String)> = sqlx::query_as(
        "select d.doc_id, d.title, d.signed_pdf_sha256
         from documents.doc_pack p join documents.doc_instance d using (pack_id)
         where p.leg_id = $1 and p.status = 'signed' and d.signed_pdf_sha256 is not null
         order by d.position",
    )
    .bind(leg_id)
    .fetch_all(unit.conn())
    .await?;
    Ok(rows.into_iter().map(|(doc_id, title, sha256)| SignedDocument { doc_id, title, sha256 }).collect())
}
