//! Handler test of `documents_issue_worker`: printing, sending, repetition, lost answers, withdrawal.

use chrono::Duration;
use documents::supersede;
use rastup_providers::esign::Fault;
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events, system};

use crate::world::{Desk, leg, model_leg, studio_leg, talent_leg};

#[tokio::test]
async fn every_document_is_printed_stored_hashed_and_sent() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&model_leg()).await;
    assert_eq!(desk.pack_status(pack_id).await, "issued");
    assert_eq!(desk.envelope_statuses(pack_id).await, ["sent", "sent"]);
    let stored: Vec<(String, String, String)> = sqlx::query_as(
        "select doc_id, render_pdf_key, render_pdf_sha256 from documents.doc_instance order by position",
    )
    .fetch_all(desk.store().pool())
    .await
    .unwrap();
    for ((doc_id, key, sha256), (put_key, content)) in stored.iter().zip(desk.bucket.puts()) {
        assert_eq!(*key, format!("packs/{pack_id}/{doc_id}_v1.pdf"));
        assert_eq!(*key, put_key);
        assert_eq!(*sha256, rastup_pdf::sha256_hex(&content));
        assert!(content.starts_with(b"%PDF-"));
    }
    let names: Vec<String> = outbox_events(desk.store()).await.into_iter().map(|event| event.event).collect();
    assert_eq!(
        names,
        [
            "doc.pack.create",
            "doc.pdf.rendered",
            "doc.envelope.sent",
            "doc.pdf.rendered",
            "doc.envelope.sent",
            "doc.pack.issued",
        ]
    );
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn a_repeated_event_prints_and_sends_nothing_again() {
    let desk = Desk::new().await;
    desk.issued(&talent_leg()).await;
    let (puts, events) = (desk.bucket.puts().len(), outbox_events(desk.store()).await.len());
    desk.work_issue("doc.pack.create").await.unwrap();
    assert_eq!(desk.bucket.puts().len(), puts);
    assert_eq!(outbox_events(desk.store()).await.len(), events);
    assert_eq!(desk.esign.envelope_ids().len(), 1);
}

#[tokio::test]
async fn printing_again_gives_equal_bytes() {
    let desk = Desk::new().await;
    desk.issued(&studio_leg()).await;
    // As if the note of the first printing had been lost: a fresh row with the same facts.
    let (key, content) = desk.bucket.puts().remove(0);
    sqlx::query("alter table documents.doc_instance disable trigger all")
        .execute(desk.store().pool())
        .await
        .unwrap();
    sqlx::query("update documents.doc_pack set status = 'draft'").execute(desk.store().pool()).await.unwrap();
    sqlx::query(
        "update documents.doc_instance set render_pdf_key = null, render_pdf_sha256 = null, envelope_id = null,
             envelope_requested_at = null, envelope_status = 'none'",
    )
    .execute(desk.store().pool())
    .await
    .unwrap();
    desk.world.clock.advance(Duration::days(3));
    desk.work_issue("doc.pack.create").await.unwrap();
    assert_eq!(desk.bucket.puts().pop().unwrap(), (key, content));
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_adopted() {
    let desk = Desk::new().await;
    let pack_id = desk.draft(&talent_leg()).await;
    desk.esign.fail_next_creation(Fault::LoseAnswer);
    let error = desk.work_issue("doc.pack.create").await.unwrap_err();
    assert_eq!((error.code, error.retryable), ("ENVELOPE_CREATE_FAIL", true));
    assert_eq!(desk.pack_status(pack_id).await, "draft");

    desk.work_issue("doc.pack.create").await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "issued");
    assert_eq!(desk.esign.envelope_ids().len(), 1);
    assert_eq!(desk.bucket.puts().len(), 1);
}

#[tokio::test]
async fn a_lost_request_is_repeated_only_when_it_can_no_longer_arrive() {
    let desk = Desk::new().await;
    let pack_id = desk.draft(&talent_leg()).await;
    desk.esign.fail_next_creation(Fault::LoseRequest);
    desk.work_issue("doc.pack.create").await.unwrap_err();

    let error = desk.work_issue("doc.pack.create").await.unwrap_err();
    assert_eq!((error.code, error.retryable), ("TRANSIENT", true));
    assert!(desk.esign.envelope_ids().is_empty());

    desk.world.clock.advance(Duration::seconds(61));
    desk.work_issue("doc.pack.create").await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "issued");
    assert_eq!(desk.esign.envelope_ids().len(), 1);
}

#[tokio::test]
async fn a_clear_refusal_may_be_tried_again_at_once() {
    let desk = Desk::new().await;
    let pack_id = desk.draft(&talent_leg()).await;
    desk.esign.fail_next_creation(Fault::Refuse);
    let error = desk.work_issue("doc.pack.create").await.unwrap_err();
    assert_eq!((error.code, error.retryable), ("ENVELOPE_CREATE_FAIL", false));
    desk.work_issue("doc.pack.create").await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "issued");
}

#[tokio::test]
async fn a_pack_that_ended_before_it_was_sent_is_not_sent() {
    let desk = Desk::new().await;
    desk.draft(&talent_leg()).await;
    let mut unit = desk.store().unit(&system()).await.unwrap();
    supersede(&mut unit, leg(11)).await.unwrap();
    unit.commit().await.unwrap();
    desk.work_issue("doc.pack.create").await.unwrap();
    assert!(desk.esign.envelope_ids().is_empty());
    assert!(desk.bucket.keys().is_empty());
}

#[tokio::test]
async fn envelopes_of_a_superseded_pack_are_withdrawn_once() {
    let desk = Desk::new().await;
    desk.issued(&model_leg()).await;
    let mut unit = desk.store().unit(&system()).await.unwrap();
    supersede(&mut unit, leg(11)).await.unwrap();
    unit.commit().await.unwrap();
    desk.work_issue("doc.pack.superseded").await.unwrap();
    desk.work_issue("doc.pack.superseded").await.unwrap();
    assert_eq!(desk.esign.cancelled(), desk.esign.envelope_ids());
    assert_eq!(desk.esign.cancelled().len(), 2);
}

#[tokio::test]
async fn a_printed_document_that_was_tampered_with_is_not_sent() {
    let desk = Desk::new().await;
    desk.draft(&talent_leg()).await;
    desk.esign.fail_next_creation(Fault::Refuse);
    desk.work_issue("doc.pack.create").await.unwrap_err();
    desk.bucket.replace(&desk.bucket.keys()[0], b"%PDF-1.7 something else");
    assert_eq!(desk.work_issue("doc.pack.create").await.unwrap_err().code, "INTERNAL");
    assert!(desk.esign.envelope_ids().is_empty());
}

#[tokio::test]
async fn an_event_of_another_kind_is_an_error_and_not_a_silent_success() {
    let desk = Desk::new().await;
    desk.issued(&talent_leg()).await;
    assert_eq!(desk.work_issue("doc.pack.issued").await.unwrap_err().code, "INTERNAL");
}
