//! Opening a charge and its PaymentIntent: the same call twice is one payment.

use finance::{ChargeStatus, FinanceError, Method, charges};
use rastup_providers::stripe::Fault;
use rastup_store::sqlx;
use rastup_testkit::{assert_outbox_matches_schemas, system};
use rastup_types::{ApiError, Cents};

use crate::scene::Scene;

#[tokio::test]
async fn the_same_charge_opened_twice_is_one_charge() {
    let scene = Scene::new(Method::Card).await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let again = charges::open(&mut unit, &scene.new_charge(Method::Card)).await.unwrap();
    assert_eq!(again.charge_id, scene.charge_id);
    assert_eq!(again.amount, scene.total());
}

#[tokio::test]
async fn an_open_charge_is_not_replaced_by_another_method_or_price() {
    let scene = Scene::new(Method::Card).await;
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let error = charges::open(&mut unit, &scene.new_charge(Method::AchDebit)).await.unwrap_err();
    assert!(matches!(error, FinanceError::AnotherChargeOpen), "{error}");
    let mut dearer = scene.new_charge(Method::Card);
    dearer.splits[0].amount += Cents(100);
    dearer.splits[0].seller_subtotal += Cents(100);
    let error = charges::open(&mut unit, &dearer).await.unwrap_err();
    assert!(matches!(error, FinanceError::AnotherChargeOpen), "{error}");
}

#[tokio::test]
async fn a_charge_that_was_given_up_makes_room_for_another() {
    let scene = Scene::authorized(Method::Card).await;
    scene.undo_capture().await.unwrap();
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let next = charges::open(&mut unit, &scene.new_charge(Method::AchDebit)).await.unwrap();
    unit.commit().await.unwrap();
    assert_ne!(next.charge_id, scene.charge_id);
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let current = charges::current(&mut unit, scene.lbg_id).await.unwrap().unwrap();
    assert_eq!(current.charge_id, next.charge_id);
}

#[tokio::test]
async fn a_split_whose_parts_do_not_make_it_is_refused() {
    let scene = Scene::new(Method::Card).await;
    let mut wrong = scene.new_charge(Method::Card);
    wrong.splits[0].platform_fee += Cents(1);
    let mut unit = scene.store().unit(&system()).await.unwrap();
    let error = charges::open(&mut unit, &wrong).await.unwrap_err();
    assert!(matches!(error, FinanceError::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn an_intent_asked_for_twice_is_one_intent_with_its_secret() {
    let scene = Scene::new(Method::Card).await;
    let first = scene.intent().await;
    let second = scene.intent().await;
    assert_eq!(first.payment_intent_id, second.payment_intent_id);
    assert_eq!(first.client_secret, second.client_secret);
    assert_eq!(scene.payments.calls("create_payment_intent"), 1);
    assert_eq!(scene.payments.calls("create_customer"), 1);
    assert_eq!(scene.events().await, ["payment.intent.created"]);
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn a_lost_answer_of_stripe_does_not_make_a_second_intent() {
    let scene = Scene::new(Method::Card).await;
    scene.payments.fail_next("create_payment_intent", Fault::AfterEffect);
    let lost =
        charges::create_intent(scene.store(), scene.payments.as_ref(), &system(), scene.charge_id).await;
    assert_eq!(ApiError::from(lost.map(|_| ()).unwrap_err()).code, "TRANSIENT");
    let intent = scene.intent().await;
    assert_eq!(intent.payment_intent_id, "pi_fake00000002", "the one that the first call made");
}

#[tokio::test]
async fn the_client_secret_is_never_stored() {
    let scene = Scene::new(Method::Card).await;
    let secret = scene.intent().await.client_secret;
    let (found,): (bool,) = sqlx::query_as(
        "select exists (select from finance.charge c where c::text like '%' || $1 || '%')
             or exists (select from platform.outbox o where o::text like '%' || $1 || '%')",
    )
    .bind(secret)
    .fetch_one(scene.store().pool())
    .await
    .unwrap();
    assert!(!found);
}

#[tokio::test]
async fn a_declined_card_can_be_followed_by_a_good_one() {
    let scene = Scene::new(Method::Card).await;
    let intent = scene.intent().await.payment_intent_id;
    scene.payments.buyer_is_declined(&intent, "insufficient_funds");
    let charge = scene.refresh().await;
    assert_eq!(charge.status, ChargeStatus::Failed);
    assert_eq!(charge.last_error_code.as_deref(), Some("insufficient_funds"));
    let error = scene.capture().await.unwrap_err();
    assert_eq!(ApiError::from(error).code, "PAYMENT_FAILED");

    scene.payments.buyer_must_authenticate(&intent);
    assert_eq!(scene.refresh().await.status, ChargeStatus::RequiresAction);
    let error = scene.capture().await.unwrap_err();
    assert_eq!(ApiError::from(error).code, "CHK_CARD_ACTION_REQUIRED");

    scene.payments.buyer_pays(&intent);
    let charge = scene.refresh().await;
    assert_eq!((charge.status, charge.last_error_code), (ChargeStatus::Authorized, None));
    assert_eq!(
        scene.events().await,
        [
            "payment.intent.created",
            "payment.intent.failed",
            "payment.intent.requires_action",
            "payment.intent.authorized"
        ]
    );
    assert_outbox_matches_schemas(scene.store()).await;
}

#[tokio::test]
async fn an_authorisation_that_lapses_ends_the_charge() {
    let scene = Scene::authorized(Method::Card).await;
    let intent = scene.charge().await.payment_intent_id.unwrap();
    scene.payments.authorisation_lapses(&intent);
    assert_eq!(scene.refresh().await.status, ChargeStatus::Canceled);
    assert_eq!(ApiError::from(scene.capture().await.unwrap_err()).code, "CHK_ATOMIC_FAIL");
    assert_eq!(scene.events().await.last().unwrap(), "payment.intent.failed");
}

#[tokio::test]
async fn a_payment_over_another_amount_is_never_applied() {
    let scene = Scene::authorized(Method::Card).await;
    let other = Scene::priced(Method::Card, 1_000, 2_000).await;
    let foreign = other.intent().await.payment_intent_id;
    sqlx::query("update finance.charge set payment_intent_id = $1")
        .bind(&foreign)
        .execute(scene.store().pool())
        .await
        .unwrap();
    let error = charges::refresh(scene.store(), other.payments.as_ref(), &system(), scene.charge_id).await;
    assert!(matches!(error.unwrap_err(), FinanceError::Mismatch { .. }));
}
