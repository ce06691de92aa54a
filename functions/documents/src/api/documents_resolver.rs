//! Answers `docPack`.

use rastup_runtime::resolver::Call;
use rastup_types::{ApiError, PackId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Issuer, PackView, pack_view};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocPackArgs {
    pack_id: PackId,
}

/// Handles one field.
pub async fn handle(deps: Issuer, call: Call) -> Result<Value, ApiError> {
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "docPack") => doc_pack(&deps, &call).await,
        _ => Err(call.unknown_field()),
    }
}

async fn doc_pack(deps: &Issuer, call: &Call) -> Result<Value, ApiError> {
    let DocPackArgs { pack_id } = call.args()?;
    let mut unit = deps.store.unit(&call.caller).await?;
    let mut view = pack_view(&mut unit, pack_id, &call.caller.actor).await?;
    if view.read_by_staff {
        unit.audit("doc.pack.read", pack_id, json!({ "downloads": true }));
    }
    unit.commit().await?;
    add_addresses(deps, &mut view).await?;
    Ok(view.to_json())
}

async fn add_addresses(deps: &Issuer, view: &mut PackView) -> Result<(), ApiError> {
    for document in &mut view.documents {
        if let Some(key) = &document.pdf_key {
            document.download_url = Some(deps.objects.presigned_url(key).await?);
        }
        for signer in &mut document.signers {
            let Some(signature_id) = &signer.own_open_signature else { continue };
            match deps.esign.sign_url(signature_id).await {
                Ok(url) => signer.sign_url = Some(url),
                // The rest of the pack is worth showing while the provider does not answer.
                Err(error) => {
                    tracing::warn!(doc_id = %document.doc_id, cause = %error, "the pack is shown without a signing address");
                }
            }
        }
    }
    Ok(())
}
