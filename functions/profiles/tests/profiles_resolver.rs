//! The Lambda `profiles_resolver`: who may call which field, what it answers, and what it leaves behind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its fixture breaks")]

use profiles::{AddOnChoice, api::handle, fixtures};
use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{World, assert_outbox_matches_schemas, caller, outbox_events, system, user};
use rastup_types::{Actor, ApiError, Cents, PackageId, Role, id::TypedId, pricing::ProfileRole};
use serde_json::{Value, json};

async fn with_seller() -> (World, fixtures::Seller) {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let seller =
        fixtures::seller(&mut unit, user(1), ProfileRole::Photographer, Cents(45_000)).await.unwrap();
    fixtures::seller(&mut unit, user(2), ProfileRole::Model, Cents(20_000)).await.unwrap();
    unit.commit().await.unwrap();
    (world, seller)
}

fn seller_caller() -> Caller {
    caller(user(1), &[Role::Seller])
}

fn package(name: &str, price_cents: i64) -> Value {
    json!({ "name": name, "description": "A day outside", "durationMinutes": 240, "priceCents": price_cents,
            "deliverables": "30 edited pictures",
            "addOns": [{ "key": "rush", "name": "Rush delivery", "priceCents": 5000, "maxQuantity": 1 }] })
}

async fn ask(
    world: &World,
    who: Caller,
    parent: &str,
    field: &str,
    arguments: Value,
) -> Result<Value, ApiError> {
    handle(world.store.clone(), Call::new(parent, field, who, arguments)).await
}

async fn set(world: &World, who: Caller, id: impl ToString, packages: Value) -> Result<Value, ApiError> {
    let arguments = json!({ "serviceProfileId": id.to_string(), "packages": packages });
    ask(world, who, "Mutation", "setPackages", arguments).await
}

fn anonymous() -> Caller {
    Caller { actor: Actor::Anonymous, corr_id: "test-correlation".to_owned() }
}

#[tokio::test]
async fn every_operation_answers_exactly_the_callers_it_allows() {
    let (world, seller) = with_seller().await;
    let callers = [
        ("anonymous", anonymous()),
        ("buyer", caller(user(9), &[Role::Buyer])),
        ("the seller", seller_caller()),
        ("another seller", caller(user(2), &[Role::Seller])),
        ("the seller without the role", caller(user(1), &[Role::Buyer])),
        ("studio owner", caller(user(8), &[Role::StudioOwner])),
        ("staff", caller(user(7), &[Role::SuperAdmin, Role::Support])),
        ("the backend", system()),
    ];
    for (name, who) in callers {
        let read =
            ask(&world, who.clone(), "Query", "serviceProfile", json!({ "id": seller.service_profile_id }));
        assert!(read.await.is_ok(), "serviceProfile is public, also for {name}");

        let written = set(&world, who, seller.service_profile_id, json!([package("Day", 90_000)])).await;
        match name {
            "the seller" => assert!(written.is_ok(), "{name}: {written:?}"),
            "another seller" => assert_eq!(written.unwrap_err().code, "SP_NOT_FOUND", "{name}"),
            _ => assert_eq!(written.unwrap_err().code, "FORBIDDEN", "{name}"),
        }
    }
}

#[tokio::test]
async fn a_published_profile_is_shown_with_what_it_sells() {
    let (world, seller) = with_seller().await;
    let shown =
        ask(&world, anonymous(), "Query", "serviceProfile", json!({ "id": seller.service_profile_id }));
    let shown = shown.await.unwrap();
    assert_eq!(shown["role"], "PHOTOGRAPHER");
    assert_eq!(shown["city"], "houston");
    assert_eq!(shown["currency"], "USD");
    assert_eq!(shown["isPublished"], true);
    assert_eq!(shown["packages"][0]["packageId"], seller.package_id.to_string());
    assert_eq!(shown["packages"][0]["priceCents"], 45_000);
    assert_eq!(shown["packages"][0]["addOns"][0]["key"], "retouch");
    assert_eq!(
        shown["cancellationPolicy"][0],
        json!({
            "fromHours": 72, "toHours": null, "buyerRefundPct": 100, "sellerPayoutPct": 0
        })
    );
    let text = shown.to_string();
    assert!(!text.contains("example.com") && !text.contains("1990"), "no personal data: {text}");
}

#[tokio::test]
async fn an_unknown_unpublished_or_malformed_profile_is_refused() {
    let (world, seller) = with_seller().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    fixtures::unpublish(&mut unit, seller.service_profile_id).await.unwrap();
    unit.commit().await.unwrap();
    for (arguments, code) in [
        (json!({ "id": seller.service_profile_id }), "SP_NOT_FOUND"),
        (json!({ "id": "srv_000000000000000000000000000000ff" }), "SP_NOT_FOUND"),
        (json!({ "id": "std_000000000000000000000000000000ff" }), "INPUT_INVALID"),
        (json!({ "id": 7 }), "INPUT_INVALID"),
        (json!({ "id": "x".repeat(100_000) }), "INPUT_INVALID"),
        (json!({}), "INPUT_INVALID"),
    ] {
        let refused = ask(&world, seller_caller(), "Query", "serviceProfile", arguments).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
}

#[tokio::test]
async fn changed_packages_become_new_versions_and_unchanged_ones_stay() {
    let (world, seller) = with_seller().await;
    let first = set(
        &world,
        seller_caller(),
        seller.service_profile_id,
        json!([package("Half day", 60_000), package("Day", 90_000)]),
    )
    .await
    .unwrap();

    let second = set(
        &world,
        seller_caller(),
        seller.service_profile_id,
        json!([package("Day", 95_000), package("Half day", 60_000)]),
    )
    .await
    .unwrap();

    assert_eq!(second["packages"][1], first["packages"][0], "the half day moved and kept its id");
    assert_ne!(
        second["packages"][0]["packageId"], first["packages"][1]["packageId"],
        "the day has a new price"
    );
    let read =
        ask(&world, anonymous(), "Query", "serviceProfile", json!({ "id": seller.service_profile_id }));
    assert_eq!(read.await.unwrap(), second);
    let kept: i64 =
        sqlx::query_scalar("select count(*) from profiles.service_package where retired_at is not null")
            .fetch_one(world.store.pool())
            .await
            .unwrap();
    assert_eq!(kept, 2, "what an order may name is retired, not deleted");
}

#[tokio::test]
async fn a_change_is_published_and_audited_once_and_a_repetition_not_at_all() {
    let (world, seller) = with_seller().await;
    for _ in 0..2 {
        set(&world, seller_caller(), seller.service_profile_id, json!([package("Day", 90_000)]))
            .await
            .unwrap();
    }
    let events = outbox_events(&world.store).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].event, "profile.update");
    assert_eq!(events[0].payload["packages_version"], 2);
    assert_outbox_matches_schemas(&world.store).await;
    let actions: Vec<String> = sqlx::query_scalar("select action from platform.audit_log")
        .fetch_all(world.store.pool())
        .await
        .unwrap();
    assert_eq!(actions, ["profile.set_packages"]);
}

#[tokio::test]
async fn a_field_out_of_its_limits_is_named_and_nothing_changes() {
    let (world, seller) = with_seller().await;
    let with = |field: &str, value: Value| {
        let mut package = package("Day", 90_000);
        package[field] = value;
        json!([package])
    };
    let add_on = |field: &str, value: Value| {
        let mut package = package("Day", 90_000);
        package["addOns"][0][field] = value;
        json!([package])
    };
    let twice = json!({ "key": "rush", "name": "Rush", "priceCents": 5000, "maxQuantity": 1 });
    let cases = [
        (json!([]), "packages"),
        (json!((0..21).map(|n| package(&format!("Day {n}"), 90_000)).collect::<Vec<_>>()), "packages"),
        (json!([package("Day", 90_000), package(" day ", 95_000)]), "packages[1].name"),
        (with("name", json!("  ")), "packages[0].name"),
        (with("name", json!("x".repeat(81))), "packages[0].name"),
        (with("name", json!("a\u{7}b")), "packages[0].name"),
        (with("description", json!("x".repeat(2_001))), "packages[0].description"),
        (with("durationMinutes", json!(29)), "packages[0].durationMinutes"),
        (with("durationMinutes", json!(1_441)), "packages[0].durationMinutes"),
        (with("priceCents", json!(999)), "packages[0].priceCents"),
        (with("priceCents", json!(-90_000)), "packages[0].priceCents"),
        (with("priceCents", json!(10_000_001)), "packages[0].priceCents"),
        (with("deliverables", json!("")), "packages[0].deliverables"),
        (with("addOns", json!(vec![twice.clone(); 13])), "packages[0].addOns"),
        (with("addOns", json!([twice.clone(), twice])), "packages[0].addOns[1].key"),
        (add_on("key", json!("Rush!")), "packages[0].addOns[0].key"),
        (add_on("key", json!("")), "packages[0].addOns[0].key"),
        (add_on("name", json!("")), "packages[0].addOns[0].name"),
        (add_on("priceCents", json!(99)), "packages[0].addOns[0].priceCents"),
        (add_on("maxQuantity", json!(0)), "packages[0].addOns[0].maxQuantity"),
        (add_on("maxQuantity", json!(51)), "packages[0].addOns[0].maxQuantity"),
    ];
    for (packages, field) in cases {
        let refused = set(&world, seller_caller(), seller.service_profile_id, packages).await.unwrap_err();
        assert_eq!((refused.code, refused.details), ("INPUT_INVALID", Some(json!({ "field": field }))));
    }
    for wrong_type in [json!("Day"), json!([7]), json!([{}]), with("priceCents", json!("90000")), Value::Null]
    {
        let refused = set(&world, seller_caller(), seller.service_profile_id, wrong_type).await.unwrap_err();
        assert_eq!(refused.code, "INPUT_INVALID");
    }
    assert!(outbox_events(&world.store).await.is_empty());
    let versions: i64 = sqlx::query_scalar("select count(*) from profiles.service_package")
        .fetch_one(world.store.pool())
        .await
        .unwrap();
    assert_eq!(versions, 2);
}

#[tokio::test]
async fn two_changes_at_once_leave_one_of_them_whole() {
    let (world, seller) = with_seller().await;
    let (left, right) = tokio::join!(
        set(
            &world,
            seller_caller(),
            seller.service_profile_id,
            json!([package("Left", 50_000), package("Both", 50_000)])
        ),
        set(
            &world,
            seller_caller(),
            seller.service_profile_id,
            json!([package("Right", 60_000), package("Both", 60_000)])
        ),
    );
    let (left, right) = (left.unwrap(), right.unwrap());
    let read =
        ask(&world, anonymous(), "Query", "serviceProfile", json!({ "id": seller.service_profile_id }));
    let read = read.await.unwrap();
    assert!(read["packages"] == left["packages"] || read["packages"] == right["packages"], "{read}");
    assert_eq!(outbox_events(&world.store).await.len(), 2);
}

#[tokio::test]
async fn a_version_once_written_cannot_be_changed_or_deleted() {
    let (world, seller) = with_seller().await;
    for statement in [
        "update profiles.service_package set price_cents = 1000 where package_id = $1",
        "delete from profiles.package_add_on where package_id = $1",
        "update profiles.package_add_on set price_cents = 100 where package_id = $1",
        "delete from profiles.service_package where package_id = $1",
    ] {
        let refused = sqlx::query(statement).bind(seller.package_id).execute(world.store.pool()).await;
        assert!(refused.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn a_field_of_another_lambda_is_not_answered() {
    let (world, _) = with_seller().await;
    let refused = ask(&world, system(), "Query", "studio", json!({})).await.unwrap_err();
    assert_eq!(refused.code, "INTERNAL");
}

#[tokio::test]
async fn an_offer_prices_the_package_and_the_chosen_add_ons() {
    let (world, seller) = with_seller().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let choices = [AddOnChoice { key: "retouch".to_owned(), quantity: 3 }];
    let offer =
        profiles::offer(&mut unit, seller.service_profile_id, seller.package_id, &choices).await.unwrap();
    let lines: Vec<(i32, Cents)> = offer.lines.iter().map(|l| (l.quantity, l.amount_cents)).collect();
    assert_eq!(lines, [(1, Cents(45_000)), (3, Cents(4_500))]);
    assert_eq!((offer.seller_user_id, offer.duration_minutes), (user(1), 120));
    assert!(offer.policy.is_sound());
}

#[tokio::test]
async fn an_offer_of_what_is_not_sold_is_refused() {
    let (world, seller) = with_seller().await;
    let other = PackageId::from_uuid(user(99).as_uuid());
    let choice = |key: &str, quantity| AddOnChoice { key: key.to_owned(), quantity };
    let cases = [
        (other, vec![], "SP_NOT_FOUND", "packageId"),
        (seller.package_id, vec![choice("drone", 1)], "INPUT_INVALID", "addOns[0].key"),
        (seller.package_id, vec![choice("retouch", 0)], "INPUT_INVALID", "addOns[0].quantity"),
        (seller.package_id, vec![choice("retouch", 11)], "INPUT_INVALID", "addOns[0].quantity"),
        (
            seller.package_id,
            vec![choice("retouch", 1), choice("retouch", 1)],
            "INPUT_INVALID",
            "addOns[1].key",
        ),
    ];
    let mut unit = world.store.unit(&system()).await.unwrap();
    for (package_id, choices, code, field) in cases {
        let refused =
            profiles::offer(&mut unit, seller.service_profile_id, package_id, &choices).await.unwrap_err();
        let refused = ApiError::from(refused);
        assert_eq!((refused.code, refused.details), (code, Some(json!({ "field": field }))));
    }
}

#[tokio::test]
async fn a_retired_package_is_no_longer_offered() {
    let (world, seller) = with_seller().await;
    set(&world, seller_caller(), seller.service_profile_id, json!([package("Day", 90_000)])).await.unwrap();
    let mut unit = world.store.unit(&system()).await.unwrap();
    let refused =
        profiles::offer(&mut unit, seller.service_profile_id, seller.package_id, &[]).await.unwrap_err();
    assert_eq!(ApiError::from(refused).code, "SP_NOT_FOUND");
}

#[tokio::test]
async fn an_account_is_found_and_its_debug_form_hides_the_person() {
    let (world, _) = with_seller().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let account = profiles::account(&mut unit, user(1)).await.unwrap().unwrap();
    assert_eq!(account.legal_name, "Sasha Seller");
    assert!(!format!("{account:?}").contains("Sasha"));
    assert!(profiles::account(&mut unit, user(77)).await.unwrap().is_none());
}
