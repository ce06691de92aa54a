//! Deciding a pack: gates, variables, signers, one pack per leg, replacement.

use documents::{DocumentError, PackRequest, issue_pack, supersede};
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events, system};
use rastup_types::{ApiError, PublicError};
use serde_json::json;

use crate::world::{Desk, leg, model_leg, studio_leg, talent_leg};

async fn refusal(desk: &Desk, request: &PackRequest) -> ApiError {
    let mut unit = desk.store().unit(&system()).await.unwrap();
    issue_pack(&mut unit, request).await.unwrap_err().public()
}

async fn titles(desk: &Desk) -> Vec<String> {
    sqlx::query_scalar("select title from documents.doc_instance order by position")
        .fetch_all(desk.store().pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_leg_gets_the_documents_of_its_type_and_role() {
    for (request, expected) in [
        (talent_leg(), vec!["Statement of Work"]),
        (model_leg(), vec!["Statement of Work", "Model Release"]),
        (studio_leg(), vec!["Studio House Rules"]),
    ] {
        let desk = Desk::new().await;
        desk.draft(&request).await;
        assert_eq!(titles(&desk).await, expected);
        assert_eq!(outbox_events(desk.store()).await.len(), 1);
        assert_outbox_matches_schemas(desk.store()).await;
    }
}

#[tokio::test]
async fn every_missing_or_invalid_variable_is_named() {
    let desk = Desk::new().await;
    let mut request = model_leg();
    request.variables.remove("service_date");
    request.variables.insert("total_price".to_owned(), json!("537.13"));
    request.variables.insert("duration".to_owned(), json!("P50Y"));
    request.variables.remove("model_dob");
    let error = refusal(&desk, &request).await;
    assert_eq!(error.code, "DOC_VARS_MISSING");
    let details = error.details.unwrap();
    assert_eq!(details["missing"], json!(["duration", "model_dob", "service_date", "total_price"]));
    assert_eq!(details["problems"]["duration"], "is wider than the template allows");
    assert_eq!(details["problems"]["model_dob"], "is missing");
}

#[tokio::test]
async fn nobody_under_eighteen_gets_a_model_release() {
    let desk = Desk::new().await;
    let mut request = model_leg();
    request.variables.insert("model_dob".to_owned(), json!("2008-06-02"));
    let error = refusal(&desk, &request).await;
    assert_eq!(error.code, "DOC_VARS_MISSING");
    assert_eq!(error.details.unwrap()["missing"], json!(["model_dob"]));
    request.variables.insert("model_dob".to_owned(), json!("2008-06-01"));
    desk.draft(&request).await;
}

#[tokio::test]
async fn a_city_without_templates_is_gated_and_says_what_is_missing() {
    let desk = Desk::new().await;
    let mut request = model_leg();
    request.city = "paris".to_owned();
    let error = refusal(&desk, &request).await;
    assert_eq!(error.code, "DOC_TEMPLATE_GATED");
    assert_eq!(error.details.unwrap()["kinds"], json!(["talent_sow", "model_release"]));
}

#[tokio::test]
async fn every_role_without_a_signer_is_named_and_no_person_is() {
    let desk = Desk::new().await;
    let mut request = studio_leg();
    request.parties[0].email = "not an address".to_owned();
    request.parties.truncate(1);
    let error = refusal(&desk, &request).await;
    assert_eq!(error.code, "DOC_SIGNER_MISSING");
    assert_eq!(error.details.clone().unwrap()["roles"], json!(["buyer", "studio_owner"]));
    assert!(!format!("{error:?}").contains("Avery"), "{error:?}");
}

#[tokio::test]
async fn a_leg_with_an_active_pack_keeps_it() {
    let desk = Desk::new().await;
    let first = desk.draft(&talent_leg()).await;
    assert_eq!(desk.draft(&talent_leg()).await, first);
    assert_eq!(desk.count("doc.pack.create").await, 1);
}

#[tokio::test]
async fn of_two_requests_at_once_one_makes_the_pack() {
    let desk = Desk::new().await;
    let one = async {
        let mut unit = desk.store().unit(&system()).await.unwrap();
        let pack_id = issue_pack(&mut unit, &talent_leg()).await.unwrap();
        unit.commit().await.unwrap();
        pack_id
    };
    let other = async {
        let mut unit = desk.store().unit(&system()).await.unwrap();
        let pack_id = issue_pack(&mut unit, &talent_leg()).await.unwrap();
        unit.commit().await.unwrap();
        pack_id
    };
    let (one, other) = tokio::join!(one, other);
    assert_eq!(one, other);
    assert_eq!(desk.count("doc.pack.create").await, 1);
}

#[tokio::test]
async fn a_superseded_pack_stays_and_the_leg_gets_a_new_one() {
    let desk = Desk::new().await;
    let old = desk.issued(&model_leg()).await;
    let mut unit = desk.store().unit(&system()).await.unwrap();
    assert_eq!(supersede(&mut unit, leg(11)).await.unwrap(), Some(old));
    assert_eq!(supersede(&mut unit, leg(11)).await.unwrap(), None);
    unit.commit().await.unwrap();

    let new = desk.issued(&model_leg()).await;
    assert_ne!(new, old);
    assert_eq!(desk.pack_status(old).await, "superseded");
    assert_eq!(desk.envelope_statuses(old).await, ["voided", "voided"]);
    assert_eq!(desk.pack_status(new).await, "issued");
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn a_leg_without_a_pack_is_not_signed_and_has_nothing_to_supersede() {
    let desk = Desk::new().await;
    assert!(!desk.is_signed(leg(11)).await);
    let mut unit = desk.store().unit(&system()).await.unwrap();
    assert_eq!(supersede(&mut unit, leg(11)).await.unwrap(), None);
    assert!(documents::signed_documents(&mut unit, leg(11)).await.unwrap().is_empty());
}

#[tokio::test]
async fn events_and_errors_name_nobody() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&model_leg()).await;
    for id in desk.esign.envelope_ids() {
        desk.esign.sign_all(&id, desk.store().now());
        desk.hear("signature_request_all_signed", &id).await.unwrap();
    }
    assert_eq!(desk.pack_status(pack_id).await, "signed");
    for event in outbox_events(desk.store()).await {
        let text = serde_json::to_string(&event).unwrap();
        for name in ["Avery", "Sam", "example.com", "1998", "Main Street"] {
            assert!(!text.contains(name), "{text}");
        }
    }
    let error = DocumentError::NotFound.public();
    assert_eq!(error.code, "NOT_FOUND");
}
