//! What the database refuses, whatever the code does.

use finance::{Method, charges};
use rastup_store::sqlx;
use rastup_testkit::system;

use crate::scene::Scene;

async fn refused(scene: &Scene, statements: &[&'static str]) -> String {
    let mut tx = scene.store().pool().begin().await.unwrap();
    for statement in statements {
        if let Err(error) = sqlx::query(*statement).execute(&mut *tx).await {
            return error.to_string();
        }
    }
    tx.commit().await.expect_err("the database refuses this").to_string()
}

#[tokio::test]
async fn splits_that_do_not_make_the_charge_are_refused_at_commit() {
    let scene = Scene::new(Method::Card).await;
    let told = refused(
        &scene,
        &["insert into finance.charge_split select charge_id, 'leg_x', seller_user_id, 100, 100, 0, 0, 0
           from finance.charge_split limit 1"],
    )
    .await;
    assert!(told.contains("the charge says"), "{told}");
    let told = refused(&scene, &["update finance.charge set amount_cents = amount_cents + 1"]).await;
    assert!(told.contains("the charge says"), "{told}");
}

#[tokio::test]
async fn a_journal_that_is_not_balanced_or_empty_is_refused_at_commit() {
    let scene = Scene::captured().await;
    let journal = "insert into finance.gl_journal (journal_id, kind, source_id, lbg_id, occurred_at)
                   values ('jrn_x', 'earn', 'x', 'lbg_x', now())";
    let told = refused(&scene, &[journal]).await;
    assert!(told.contains("debits"), "{told}");
    let one_side = "insert into finance.gl_entry values ('gl_x', 'jrn_x', 'Cash:Stripe', null, 5, 0)";
    let told = refused(&scene, &[journal, one_side]).await;
    assert!(told.contains("debits"), "{told}");
    let both = "insert into finance.gl_entry values ('gl_x', 'jrn_x', 'Cash:Stripe', null, 5, 5)";
    let told = refused(&scene, &[journal, both]).await;
    assert!(told.contains("check constraint"), "{told}");
    let late = "insert into finance.gl_entry select 'gl_y', journal_id, 'Cash:Stripe', null, 7, 0
                from finance.gl_journal";
    let told = refused(&scene, &[late]).await;
    assert!(told.contains("debits"), "{told}");
}

#[tokio::test]
async fn what_is_written_in_the_books_is_never_changed() {
    let scene = Scene::captured().await;
    for statement in [
        "update finance.gl_entry set debit_cents = debit_cents + 1 where debit_cents > 0",
        "delete from finance.gl_entry",
        "update finance.gl_journal set source_id = 'other'",
        "delete from finance.gl_journal",
        "delete from finance.fee_ledger",
        "update finance.charge_split set platform_fee_cents = 0",
    ] {
        let told = refused(&scene, &[statement]).await;
        assert!(told.contains("append-only"), "{statement}: {told}");
    }
}

#[tokio::test]
async fn more_is_never_returned_than_was_taken_and_never_part_of_it_taken() {
    let scene = Scene::captured().await;
    for statement in [
        "update finance.charge set refunded_cents = captured_cents + 1",
        "update finance.charge set captured_cents = 5",
        "update finance.charge set status = 'authorized'",
        "update finance.charge set status = 'succeeded'",
        "update finance.charge set status = 'refunded', undo_started_at = now()",
        "update finance.charge set status = 'undoing'",
    ] {
        let told = refused(&scene, &[statement]).await;
        assert!(told.contains("check constraint"), "{statement}: {told}");
    }
}

#[tokio::test]
async fn two_callers_that_open_a_charge_at_once_get_the_same_one() {
    let scene = Scene::authorized(Method::Card).await;
    scene.undo_capture().await.unwrap();
    let open = || async {
        let mut unit = scene.store().unit(&system()).await.unwrap();
        let charge = charges::open(&mut unit, &scene.new_charge(Method::Card)).await.unwrap();
        unit.commit().await.unwrap();
        charge.charge_id
    };
    let (first, second, third) = tokio::join!(open(), open(), open());
    assert_eq!(first, second);
    assert_eq!(second, third);
}
