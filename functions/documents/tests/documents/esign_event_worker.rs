//! Handler test of `esign_event_worker`: signatures become a signed pack, whatever order and however often they are told.

use chrono::Duration;
use documents::{signed_documents, supersede};
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, outbox_events, system};

use crate::world::{Desk, leg, model_leg, talent_leg};

async fn log(desk: &Desk) -> Vec<(String, String)> {
    sqlx::query_as(
        "select actor_role, event from documents.doc_sign_event order by created_at, sign_event_id",
    )
    .fetch_all(desk.store().pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_pack_is_signed_when_the_last_of_its_envelopes_is_complete() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&model_leg()).await;
    let [first, second] = desk.esign.envelope_ids().try_into().unwrap();
    desk.esign.sign_all(&first, desk.store().now());
    desk.hear("signature_request_all_signed", &first).await.unwrap();
    assert_eq!(desk.envelope_statuses(pack_id).await, ["completed", "sent"]);
    assert_eq!(desk.pack_status(pack_id).await, "issued");
    assert!(!desk.is_signed(leg(11)).await);

    desk.esign.sign_all(&second, desk.store().now());
    desk.hear("signature_request_all_signed", &second).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "signed");
    assert!(desk.is_signed(leg(11)).await);
    let signed = desk.last("doc.pack.signed").await.unwrap();
    assert_eq!(signed.ids["pack_id"], pack_id.to_string());
    assert_outbox_matches_schemas(desk.store()).await;

    let mut unit = desk.store().unit(&system()).await.unwrap();
    let documents = signed_documents(&mut unit, leg(11)).await.unwrap();
    assert_eq!(documents.len(), 2);
    for document in documents {
        let file = desk
            .bucket
            .puts()
            .into_iter()
            .find(|(_, content)| rastup_pdf::sha256_hex(content) == document.sha256);
        let (key, _) = file.expect("the signed file is in the bucket");
        assert!(key.contains("_signed_"), "{key}");
    }
}

#[tokio::test]
async fn one_signature_is_noted_and_signs_nothing_yet() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.view(&id, 1, desk.store().now());
    desk.hear("signature_request_viewed", &id).await.unwrap();
    desk.esign.sign(&id, 1, desk.store().now());
    desk.hear("signature_request_signed", &id).await.unwrap();
    assert_eq!(desk.envelope_statuses(pack_id).await, ["sent"]);
    let expected = [("system", "envelope_sent"), ("talent", "viewed"), ("talent", "signed")];
    assert_eq!(log(&desk).await, expected.map(|(role, event)| (role.to_owned(), event.to_owned())));
    let signed = desk.last("doc.envelope.signed").await.unwrap();
    assert_eq!(signed.payload["role"], "talent");
    assert_eq!(signed.user_id, Some(crate::world::seller()));
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn a_callback_that_lies_changes_nothing() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    let events = outbox_events(desk.store()).await.len();
    desk.hear("signature_request_all_signed", &id).await.unwrap();
    desk.hear("signature_request_declined", &id).await.unwrap();
    desk.hear("signature_request_canceled", &id).await.unwrap();
    assert_eq!(desk.envelope_statuses(pack_id).await, ["sent"]);
    assert_eq!(outbox_events(desk.store()).await.len(), events + 3, "only the callbacks themselves");
}

#[tokio::test]
async fn any_order_and_number_of_callbacks_ends_in_the_same_state() {
    let kinds = ["signature_request_viewed", "signature_request_signed", "signature_request_all_signed"];
    for order in [[0, 1, 2], [2, 1, 0], [2, 2, 0], [1, 0, 2]] {
        let desk = Desk::new().await;
        let pack_id = desk.issued(&talent_leg()).await;
        let id = desk.esign.envelope_ids().remove(0);
        let callbacks = order.map(|place: usize| desk.callback(kinds[place], &id, Some("sig")));
        desk.esign.sign_all(&id, desk.store().now());
        for callback in callbacks {
            desk.world.clock.advance(Duration::seconds(1));
            desk.hear_again(callback).await.unwrap();
        }
        assert_eq!(desk.pack_status(pack_id).await, "signed", "{order:?}");
        for (name, times) in [
            ("doc.envelope.viewed", 2),
            ("doc.envelope.signed", 2),
            ("doc.envelope.completed", 1),
            ("doc.pdf.hash_verified", 1),
            ("doc.pack.signed", 1),
        ] {
            assert_eq!(desk.count(name).await, times, "{name} in {order:?}");
        }
    }
}

#[tokio::test]
async fn one_delivery_of_the_queue_twice_is_one() {
    let desk = Desk::new().await;
    desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign_all(&id, desk.store().now());
    desk.receive(desk.callback("signature_request_all_signed", &id, None)).await.unwrap();
    let event = desk.last("webhook.esign.received").await.unwrap();
    let (one, other) = tokio::join!(desk.follow(event.clone()), desk.follow(event.clone()));
    one.unwrap();
    other.unwrap();
    desk.follow(event).await.unwrap();
    assert_eq!(desk.count("doc.pack.signed").await, 1);
    assert_eq!(desk.count("doc.envelope.completed").await, 1);
}

#[tokio::test]
async fn a_refusal_ends_the_pack_withdraws_the_rest_and_frees_the_leg() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&model_leg()).await;
    let [first, second] = desk.esign.envelope_ids().try_into().unwrap();
    desk.esign.decline(&first, 1);
    desk.hear("signature_request_declined", &first).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "voided");
    assert_eq!(desk.envelope_statuses(pack_id).await, ["declined", "voided"]);
    assert_eq!(desk.esign.cancelled(), [second]);
    assert_eq!(desk.last("doc.pack.voided").await.unwrap().payload["reason"], "declined");
    assert!(log(&desk).await.contains(&("talent".to_owned(), "declined".to_owned())));
    assert_outbox_matches_schemas(desk.store()).await;
    assert_ne!(desk.draft(&model_leg()).await, pack_id);
}

#[tokio::test]
async fn an_envelope_out_of_time_supersedes_the_pack() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.expire(&id, desk.store().now());
    desk.hear("signature_request_expired", &id).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "superseded");
    assert_eq!(desk.last("doc.pack.superseded").await.unwrap().payload["reason"], "envelope_expired");
    assert_eq!(desk.count("doc.envelope.expired").await, 1);
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn an_envelope_that_the_provider_lost_voids_the_pack() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    rastup_providers::esign::ESign::cancel(desk.esign.as_ref(), &id).await.unwrap();
    desk.hear("signature_request_canceled", &id).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "voided");
    assert_eq!(desk.last("doc.pack.voided").await.unwrap().payload["reason"], "envelope_lost");
    assert_outbox_matches_schemas(desk.store()).await;
}

#[tokio::test]
async fn a_signature_on_a_superseded_pack_does_not_bring_it_back() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign_all(&id, desk.store().now());
    let mut unit = desk.store().unit(&system()).await.unwrap();
    supersede(&mut unit, leg(11)).await.unwrap();
    unit.commit().await.unwrap();
    desk.hear("signature_request_all_signed", &id).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "superseded");
    assert_eq!(desk.count("doc.pack.signed").await, 0);
}

#[tokio::test]
async fn a_file_that_is_not_ready_is_asked_for_again() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign_all(&id, desk.store().now());
    desk.esign.prepare_files(true);
    assert!(desk.hear("signature_request_all_signed", &id).await.unwrap_err().retryable);
    assert_eq!(desk.envelope_statuses(pack_id).await, ["sent"]);
    desk.esign.prepare_files(false);
    let event = desk.last("webhook.esign.received").await.unwrap();
    desk.follow(event).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "signed");
}

#[tokio::test]
async fn a_pack_is_not_signed_while_the_issued_file_is_not_the_one_that_was_sent() {
    let desk = Desk::new().await;
    let pack_id = desk.issued(&talent_leg()).await;
    desk.bucket.replace(&desk.bucket.keys()[0], b"%PDF-1.7 something else");
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign_all(&id, desk.store().now());
    assert_eq!(desk.hear("signature_request_all_signed", &id).await.unwrap_err().code, "INTERNAL");
    assert_eq!(desk.pack_status(pack_id).await, "issued");
}

#[tokio::test]
async fn a_callback_about_somebody_elses_envelope_is_kept_and_ignored() {
    let desk = Desk::new().await;
    desk.hear("signature_request_signed", "unknown").await.unwrap();
    let outcome: String = sqlx::query_scalar("select outcome from platform.webhook_inbox")
        .fetch_one(desk.store().pool())
        .await
        .unwrap();
    assert_eq!(outcome, "ignored");
}

#[tokio::test]
async fn a_callback_that_overtakes_our_own_note_waits_for_it() {
    let desk = Desk::new().await;
    let pack_id = desk.draft(&talent_leg()).await;
    desk.esign.fail_next_creation(rastup_providers::esign::Fault::LoseAnswer);
    desk.work_issue("doc.pack.create").await.unwrap_err();
    let id = desk.esign.envelope_ids().remove(0);
    desk.esign.sign_all(&id, desk.store().now());
    desk.hear("signature_request_sent", &id).await.unwrap();
    assert!(desk.hear("signature_request_all_signed", &id).await.unwrap_err().retryable);

    desk.work_issue("doc.pack.create").await.unwrap();
    let event = desk.last("webhook.esign.received").await.unwrap();
    desk.follow(event).await.unwrap();
    assert_eq!(desk.pack_status(pack_id).await, "signed");
}
