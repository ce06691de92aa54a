//! The launch library and what keeps published text frozen.

use documents::{DocumentError, issue_pack};
use rastup_store::sqlx::{self, Error};
use rastup_testkit::system;
use rastup_types::pricing::ProfileRole;

use crate::world::{Desk, model_leg, studio_leg, talent_leg};

async fn refused(desk: &Desk, sql: &'static str) {
    let error = sqlx::query(sql).execute(desk.store().pool()).await.unwrap_err();
    let Error::Database(error) = error else { panic!("{sql}: {error}") };
    assert_eq!(error.code().as_deref(), Some("23000"), "{sql}: {error}");
}

#[tokio::test]
async fn every_role_and_city_at_launch_has_its_documents() {
    let desk = Desk::new().await;
    let roles =
        [ProfileRole::Photographer, ProfileRole::Videographer, ProfileRole::Creator, ProfileRole::Fansub];
    for city in ["houston", "los_angeles"] {
        for role in roles {
            let mut leg = talent_leg();
            (leg.city, leg.role) = (city.to_owned(), Some(role));
            let mut unit = desk.store().unit(&system()).await.unwrap();
            issue_pack(&mut unit, &leg).await.unwrap();
        }
        for mut leg in [model_leg(), studio_leg()] {
            leg.city = city.to_owned();
            let mut unit = desk.store().unit(&system()).await.unwrap();
            issue_pack(&mut unit, &leg).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_published_clause_cannot_change_or_go() {
    let desk = Desk::new().await;
    refused(&desk, "update documents.doc_clause set body_markdown = 'x' where name = 'SOW: Base Terms'")
        .await;
    refused(&desk, "update documents.doc_clause set published_at = null where name = 'SOW: Base Terms'")
        .await;
    refused(&desk, "delete from documents.doc_clause where name = 'SOW: Base Terms'").await;
}

#[tokio::test]
async fn a_published_template_and_its_list_of_clauses_cannot_change() {
    let desk = Desk::new().await;
    refused(&desk, "update documents.doc_template set signer_roles = '[{\"role\":\"buyer\"}]'").await;
    refused(&desk, "delete from documents.doc_template_clause where position = 8").await;
    refused(&desk, "update documents.doc_template_clause set heading = 'x'").await;
    refused(
        &desk,
        "insert into documents.doc_template_clause
         select template_id, 9, 1, 'More', clause_id from documents.doc_template_clause limit 1",
    )
    .await;
}

#[tokio::test]
async fn a_template_with_an_unpublished_clause_cannot_be_published() {
    let desk = Desk::new().await;
    let draft = "
        with c as (
            insert into documents.doc_clause (clause_id, name, version, body_markdown, variables_json, created_by, created_at)
            values ('cls_' || repeat('0', 32), 'Draft', 1, 'text', '{}', 'test', now()) returning clause_id),
        t as (
            insert into documents.doc_template (template_id, kind, name, version, layout_json, signer_roles, created_by, created_at)
            values ('tpl_' || repeat('0', 32), 'talent_sow', 'Draft', 1, '{}', '[{\"role\":\"buyer\"}]', 'test', now())
            returning template_id)
        insert into documents.doc_template_clause select template_id, 1, 1, 'Head', clause_id from t, c";
    sqlx::query(draft).execute(desk.store().pool()).await.unwrap();
    refused(&desk, "update documents.doc_template set published_at = now() where name = 'Draft'").await;
}

#[tokio::test]
async fn a_withdrawn_clause_closes_its_city_for_new_packs() {
    let desk = Desk::new().await;
    sqlx::query("update documents.doc_clause set is_active = false where name = 'Governing Law: Texas'")
        .execute(desk.store().pool())
        .await
        .unwrap();
    let mut unit = desk.store().unit(&system()).await.unwrap();
    let error = issue_pack(&mut unit, &talent_leg()).await.unwrap_err();
    assert!(matches!(error, DocumentError::TemplateGated { .. }), "{error}");
}

#[tokio::test]
async fn what_was_printed_and_signed_is_evidence() {
    let desk = Desk::new().await;
    desk.issued(&talent_leg()).await;
    refused(&desk, "update documents.doc_instance set render_pdf_sha256 = repeat('0', 64)").await;
    refused(&desk, "update documents.doc_instance set variables_filled = '{}'").await;
    refused(&desk, "update documents.doc_instance set envelope_id = 'other'").await;
    refused(&desk, "delete from documents.doc_instance").await;
    refused(&desk, "update documents.doc_sign_event set event = 'signed'").await;
    refused(&desk, "delete from documents.doc_sign_event").await;
}
