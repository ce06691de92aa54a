//! Handler test of `documents_resolver`: who sees a pack, and what of it.

use documents::api::documents_resolver::handle;
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{caller, user};
use rastup_types::{Actor, ApiError, PackId, Role};
use serde_json::{Value, json};

use crate::world::{Desk, buyer, leg, model_leg, seller, talent_leg};

async fn doc_pack(desk: &Desk, caller: Caller, pack_id: PackId) -> Result<Value, ApiError> {
    handle(desk.issuer.clone(), Call::new("Query", "docPack", caller, json!({ "packId": pack_id }))).await
}

#[tokio::test]
async fn a_signer_sees_the_pack_and_only_their_own_open_signing_pages() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&model_leg()).await;
    let pack = doc_pack(&desk, caller(buyer(), &[Role::Buyer]), pack_id).await.unwrap();
    assert_eq!(pack["packId"], pack_id.to_string());
    assert_eq!(pack["legId"], leg(11).to_string());
    assert_eq!(pack["status"], "ISSUED");
    assert_eq!(pack["createdAt"], "2026-06-01T12:00:00.000Z");
    let [work, release] = [&pack["documents"][0], &pack["documents"][1]];
    assert_eq!((&work["title"], &work["envelopeStatus"]), (&json!("Statement of Work"), &json!("SENT")));
    assert_eq!(work["templateVersion"], 1);
    assert_eq!(work["renderSha256"].as_str().map(str::len), Some(64));
    assert!(work["downloadUrl"].as_str().unwrap().ends_with("_v1.pdf"));
    assert_eq!(work["signers"][0]["signUrl"], "https://sign.example.test/env1sig0");
    assert_eq!(work["signers"][1], json!({ "role": "TALENT", "signed": false, "signUrl": null }));
    assert_eq!(release["signers"][0], json!({ "role": "MODEL", "signed": false, "signUrl": null }));
    assert_eq!(release["signers"][1]["role"], "PHOTOGRAPHER");
    assert_eq!(release["signers"][1]["signUrl"], "https://sign.example.test/env2sig1");
}

#[tokio::test]
async fn a_given_signature_has_no_signing_page_and_the_newest_file_is_offered() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign(&id, 0, desk.store().now());
    desk.hear("signature_request_signed", &id).await.unwrap();
    let pack = doc_pack(&desk, caller(buyer(), &[Role::Buyer]), pack_id).await.unwrap();
    assert_eq!(
        pack["documents"][0]["signers"][0],
        json!({ "role": "BUYER", "signed": true, "signUrl": null })
    );
    desk.esign.sign_all(&id, desk.store().now());
    desk.hear("signature_request_all_signed", &id).await.unwrap();
    let pack = doc_pack(&desk, caller(seller(), &[Role::Seller]), pack_id).await.unwrap();
    assert_eq!(pack["status"], "SIGNED");
    assert_eq!(pack["documents"][0]["signers"][1]["signUrl"], Value::Null);
    assert!(pack["documents"][0]["downloadUrl"].as_str().unwrap().contains("_signed_"));
}

#[tokio::test]
async fn a_draft_has_no_addresses_yet() {
    let desk = Desk::new().await;
    let pack_id = desk.draft(&talent_leg()).await;
    let pack = doc_pack(&desk, caller(buyer(), &[Role::Buyer]), pack_id).await.unwrap();
    assert_eq!(pack["status"], "DRAFT");
    let document = &pack["documents"][0];
    assert_eq!(document["envelopeStatus"], "NONE");
    for field in ["downloadUrl", "renderSha256", "signedSha256"] {
        assert_eq!(document[field], Value::Null, "{field}");
    }
    assert_eq!(document["signers"][0]["signUrl"], Value::Null);
}

#[tokio::test]
async fn strangers_and_visitors_cannot_tell_a_pack_from_none() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let visitor = Caller { actor: Actor::Anonymous, corr_id: "test-correlation".to_owned() };
    for caller in
        [caller(user(77), &[Role::Buyer, Role::Seller]), caller(user(77), &[Role::Engineering]), visitor]
    {
        assert_eq!(doc_pack(&desk, caller, pack_id).await.unwrap_err().code, "NOT_FOUND");
    }
    let none = "dpk_ffffffffffffffffffffffffffffffff".parse().unwrap();
    let error = doc_pack(&desk, caller(buyer(), &[Role::Buyer]), none).await.unwrap_err();
    assert_eq!(error.code, "NOT_FOUND");
}

#[tokio::test]
async fn staff_read_any_pack_without_signing_pages_and_leave_a_trace() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let pack = doc_pack(&desk, caller(user(9), &[Role::Legal]), pack_id).await.unwrap();
    assert_eq!(pack["documents"][0]["signers"][0]["signUrl"], Value::Null);
    let read: (String, String) =
        sqlx::query_as("select actor, target from platform.audit_log where action = 'doc.pack.read'")
            .fetch_one(desk.store().pool())
            .await
            .unwrap();
    assert_eq!(read, (user(9).to_string(), pack_id.to_string()));
}

#[tokio::test]
async fn a_malformed_id_is_told_and_an_unknown_field_is_an_error_of_ours() {
    let desk = Desk::new().await;
    let owner = caller(buyer(), &[Role::Buyer]);
    for packs in
        [json!({}), json!({ "packId": "dpk_1" }), json!({ "packId": leg(11) }), json!({ "packId": 7 })]
    {
        let call = Call::new("Query", "docPack", owner.clone(), packs);
        assert_eq!(handle(desk.issuer.clone(), call).await.unwrap_err().code, "INPUT_INVALID");
    }
    let call = Call::new("Query", "other", owner, json!({}));
    assert_eq!(handle(desk.issuer.clone(), call).await.unwrap_err().code, "INTERNAL");
}
