//! For tests only: what the tests of contexts above need to have happened to a pack, written by the context that owns it.

use rastup_store::Unit;
use rastup_types::{LbgId, LegId, PackId};

/// Marks a pack as signed by everybody, as after its last envelope was read back from the provider; publishes nothing.
/// Answers with the order and the leg that it belongs to.
pub async fn sign_pack(unit: &mut Unit, pack_id: PackId) -> Result<(LbgId, LegId), sqlx::Error> {
    sqlx::query(
        "update documents.doc_instance
         set render_pdf_key = doc_id, render_pdf_sha256 = repeat('a', 64), envelope_id = doc_id,
             envelope_status = 'completed', signed_pdf_key = doc_id, signed_pdf_sha256 = repeat('b', 64)
         where pack_id = $1",
    )
    .bind(pack_id)
    .execute(unit.conn())
    .await?;
    sqlx::query_as(
        "update documents.doc_pack set status = 'signed' where pack_id = $1 returning lbg_id, leg_id",
    )
    .bind(pack_id)
    .fetch_one(unit.conn())
    .await
}
