//! Printing a document: variables in words, clauses bound, PDF stored under its key and noted with its hash. Sending is not here.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rastup_pdf::{ContractDocument, Signer as PrintedSigner};
use rastup_store::Caller;
use rastup_types::{DocId, PackId};
use serde_json::Value;

use crate::{
    DocumentError,
    events::PackRef,
    issue::{Document, Issuer, Signer, signers_of},
    library,
    rules::{binding, variables},
};

/// Key of a document in the bucket. The id holds its own prefix: `packs/dpk_…/doc_…_v1.pdf` (§1.5.B).
pub(crate) fn pdf_key(pack_id: PackId, doc_id: DocId, suffix: &str) -> String {
    format!("packs/{pack_id}/{doc_id}_v1{suffix}.pdf")
}

/// The PDF as issued: printed, stored and noted, or read back where an earlier attempt has noted it.
pub(crate) async fn print(
    issuer: &Issuer,
    caller: &Caller,
    pack: &PackRef,
    document: &Document,
) -> Result<Vec<u8>, DocumentError> {
    if let (Some(key), Some(sha256)) = (&document.render_pdf_key, &document.render_pdf_sha256) {
        let pdf = issuer.objects.get(key).await.map_err(DocumentError::Bucket)?;
        let intact = rastup_pdf::sha256_hex(&pdf) == *sha256;
        return if intact { Ok(pdf) } else { Err(DocumentError::HashMismatch(document.doc_id)) };
    }
    let mut unit = issuer.store.unit(caller).await?;
    let issued = library::issued(&mut unit, document.template_id, &document.clause_ids).await?;
    let signers = signers_of(&mut unit, document.doc_id).await?;
    unit.commit().await?;
    let contract = contract(pack, document, issued, &signers)?;
    // Setting a contract takes tens of milliseconds of CPU; the function has nothing else to do meanwhile.
    let pdf = rastup_pdf::render_contract(&contract).map_err(DocumentError::Render)?;
    let (key, sha256) = (pdf_key(pack.pack_id, document.doc_id, ""), rastup_pdf::sha256_hex(&pdf));
    issuer.objects.put(&key, "application/pdf", pdf.clone()).await.map_err(DocumentError::Bucket)?;

    let mut unit = issuer.store.unit(caller).await?;
    let now = unit.now();
    let noted = sqlx::query(
        "update documents.doc_instance set render_pdf_key = $2, render_pdf_sha256 = $3, updated_at = $4
         where doc_id = $1 and render_pdf_sha256 is null",
    )
    .bind(document.doc_id)
    .bind(&key)
    .bind(&sha256)
    .bind(now)
    .execute(unit.conn())
    .await?;
    if noted.rows_affected() == 1 {
        let event = pack.doc_event("doc.pdf.rendered", document.doc_id);
        unit.publish(event.fact("sha256", sha256).fact("bytes", pdf.len())).await?;
    }
    unit.commit().await?;
    Ok(pdf)
}

/// The contract with its values. Everything in it is stored and frozen, so that every attempt gives the same bytes.
fn contract(
    pack: &PackRef,
    document: &Document,
    issued: library::Issued,
    signers: &[Signer],
) -> Result<ContractDocument, DocumentError> {
    let declared = library::declarations(issued.clauses.iter().map(|(_, clause)| clause))?;
    let day: NaiveDate = document.created_at.date_naive();
    let mut printed = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, declaration) in &declared {
        let value = document.variables_filled.0.get(name).unwrap_or(&Value::Null);
        match variables::print(declaration, value, day) {
            Ok(text) => {
                printed.insert(name.clone(), text);
            }
            Err(problem) => problems.push((name.clone(), problem)),
        }
    }
    if !problems.is_empty() {
        return Err(DocumentError::VarsMissing(problems));
    }
    let clauses = issued.clauses.into_iter().map(|(heading, clause)| {
        let body = binding::bind(&clause.body, &printed)
            .map_err(|error| DocumentError::Library(format!("{}: {error}", clause.name)))?;
        Ok(rastup_pdf::Clause { heading, name: clause.name, version: clause.version, body })
    });
    let clauses = clauses.collect::<Result<Vec<_>, DocumentError>>()?;
    let content_fingerprint = rastup_pdf::fingerprint(&clauses).map_err(DocumentError::Render)?;
    Ok(ContractDocument {
        brand: issued.layout.brand,
        title: issued.layout.title,
        doc_id: document.doc_id.to_string(),
        lbg_id: pack.lbg_id.to_string(),
        leg_id: pack.leg_id.to_string(),
        template_name: issued.name,
        template_version: document.template_version,
        clauses,
        signers: signers
            .iter()
            .map(|signer| PrintedSigner {
                role: signer.role.printed().to_owned(),
                name: signer.legal_name.clone(),
            })
            .collect(),
        generated_at: document.created_at,
        content_fingerprint,
    })
}
