//! The Lambda `studios_resolver`: who may call which field, what it answers and what it keeps to itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where its fixture breaks")]

use rastup_runtime::resolver::Call;
use rastup_store::{Caller, sqlx};
use rastup_testkit::{World, assert_outbox_matches_schemas, caller, outbox_events, system, user};
use rastup_types::{Actor, ApiError, Cents, Role, StudioId, TimeRange};
use serde_json::{Value, json};
use studios::{api::handle, fixtures};

async fn with_studio() -> (World, StudioId) {
    let world = World::new().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let studio_id = fixtures::studio(&mut unit, user(5), Cents(10_000), Cents(20_000)).await.unwrap();
    unit.commit().await.unwrap();
    (world, studio_id)
}

fn anonymous() -> Caller {
    Caller { actor: Actor::Anonymous, corr_id: "test-correlation".to_owned() }
}

async fn ask(world: &World, who: Caller, field: &str, arguments: Value) -> Result<Value, ApiError> {
    handle(world.store.clone(), Call::new("Query", field, who, arguments)).await
}

fn slug(studio_id: StudioId) -> String {
    format!("daylight-loft-{}", studio_id.as_uuid().simple())
}

fn quote_arguments(studio_id: impl ToString, start: &str, end: &str, crew_size: Value) -> Value {
    json!({ "studioId": studio_id.to_string(), "when": { "start": start, "end": end }, "crewSize": crew_size })
}

#[tokio::test]
async fn every_operation_is_public_and_answers_every_caller_alike() {
    let (world, studio_id) = with_studio().await;
    let callers = [
        anonymous(),
        caller(user(9), &[Role::Buyer]),
        caller(user(1), &[Role::Seller]),
        caller(user(5), &[Role::StudioOwner]),
        caller(user(7), &[Role::SuperAdmin, Role::Support]),
        system(),
    ];
    let time = quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", Value::Null);
    let page = ask(&world, anonymous(), "studio", json!({ "slug": slug(studio_id) })).await.unwrap();
    let quote = ask(&world, anonymous(), "studioQuote", time.clone()).await.unwrap();
    for who in callers {
        assert_eq!(
            ask(&world, who.clone(), "studio", json!({ "slug": slug(studio_id) })).await.unwrap(),
            page
        );
        assert_eq!(ask(&world, who, "studioQuote", time.clone()).await.unwrap(), quote);
    }
}

#[tokio::test]
async fn a_studio_is_shown_without_its_address_and_owner() {
    let (world, studio_id) = with_studio().await;
    let shown = ask(&world, anonymous(), "studio", json!({ "slug": slug(studio_id) })).await.unwrap();
    assert_eq!(shown["studioId"], studio_id.to_string());
    assert_eq!(shown["timeZone"], "America/Chicago");
    assert_eq!(shown["priceFromCents"], 10_000);
    assert_eq!((&shown["depositRequired"], &shown["depositAuthCents"]), (&json!(true), &json!(20_000)));
    assert_eq!(shown["rates"][0]["kind"], "HOURLY");
    assert_eq!(shown["rates"][0]["dow"], json!([0, 1, 2, 3, 4, 5, 6]));
    assert_eq!(
        (&shown["rates"][0]["startLocal"], &shown["rates"][0]["endLocal"]),
        (&json!("00:00:00"), &json!("24:00:00"))
    );
    let text = shown.to_string();
    for secret in ["Test Street", "77002", "address", &user(5).to_string()] {
        assert!(!text.contains(secret), "{secret} is private: {text}");
    }
}

#[tokio::test]
async fn an_unpublished_unknown_or_malformed_studio_is_refused() {
    let (world, studio_id) = with_studio().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    fixtures::unpublish(&mut unit, studio_id).await.unwrap();
    unit.commit().await.unwrap();
    let owner = caller(user(5), &[Role::StudioOwner]);
    for (slug, code) in [
        (json!(slug(studio_id)), "NOT_FOUND"),
        (json!("no-such-studio"), "NOT_FOUND"),
        (json!("'; drop schema studios; --"), "NOT_FOUND"),
        (json!(""), "NOT_FOUND"),
        (json!("a\u{0}"), "NOT_FOUND"),
        (json!("daylight\u{0}loft"), "NOT_FOUND"),
        (json!("x".repeat(100_000)), "NOT_FOUND"),
        (json!(7), "INPUT_INVALID"),
        (Value::Null, "INPUT_INVALID"),
    ] {
        let refused = ask(&world, owner.clone(), "studio", json!({ "slug": slug })).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    let time = quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", Value::Null);
    assert_eq!(ask(&world, owner, "studioQuote", time).await.unwrap_err().code, "NOT_FOUND");
}

#[tokio::test]
async fn a_quote_adds_up_and_blocks_buffers_and_cleaning() {
    let (world, studio_id) = with_studio().await;
    let time = quote_arguments(studio_id, "2026-06-02T15:00:00.000Z", "2026-06-02T17:30:00.000Z", json!(4));
    let quote = ask(&world, anonymous(), "studioQuote", time).await.unwrap();
    assert_eq!(
        quote["lines"],
        json!([{
            "kind": "RENTAL", "name": "Hourly", "quantity": 3, "unitPriceCents": 10_000, "amountCents": 30_000
        }])
    );
    assert_eq!(quote["subtotalCents"], 30_000);
    assert_eq!(quote["depositAuthCents"], 20_000);
    assert_eq!(quote["startAt"], "2026-06-02T15:00:00.000Z");
    assert_eq!(
        quote["blockedRange"],
        json!({ "start": "2026-06-02T14:30:00.000Z", "end": "2026-06-02T18:30:00.000Z" })
    );
}

#[tokio::test]
async fn a_quote_that_cannot_be_given_says_why() {
    let (world, studio_id) = with_studio().await;
    let mut unit = world.store.unit(&system()).await.unwrap();
    let closed =
        TimeRange::new("2026-06-10T05:00:00Z".parse().unwrap(), "2026-06-11T05:00:00Z".parse().unwrap());
    fixtures::blackout(&mut unit, studio_id, closed.unwrap()).await.unwrap();
    unit.commit().await.unwrap();
    let unknown = "std_000000000000000000000000000000ff";
    let cases = [
        (
            quote_arguments(studio_id, "2026-06-10T15:00:00Z", "2026-06-10T17:00:00Z", Value::Null),
            "STUDIO_BLACKOUT",
        ),
        (
            quote_arguments(studio_id, "2026-06-10T02:00:00Z", "2026-06-10T04:30:00Z", Value::Null),
            "STUDIO_CONFLICT_BUFFER",
        ),
        (
            quote_arguments(studio_id, "2026-06-03T04:00:00Z", "2026-06-03T06:00:00Z", Value::Null),
            "STUDIO_RATE_NOT_FOUND",
        ),
        (
            quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T15:30:00Z", Value::Null),
            "STUDIO_RATE_NOT_FOUND",
        ),
        (quote_arguments(unknown, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", Value::Null), "NOT_FOUND"),
        (quote_arguments("7", "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", Value::Null), "INPUT_INVALID"),
        (
            quote_arguments(studio_id, "2026-06-02T17:00:00Z", "2026-06-02T15:00:00Z", Value::Null),
            "INPUT_INVALID",
        ),
        (
            quote_arguments(studio_id, "2026-05-31T15:00:00Z", "2026-05-31T17:00:00Z", Value::Null),
            "INPUT_INVALID",
        ),
        (quote_arguments(studio_id, "tomorrow", "2026-06-02T17:00:00Z", Value::Null), "INPUT_INVALID"),
        (
            quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", json!(11)),
            "INPUT_INVALID",
        ),
        (
            quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", json!("ten")),
            "INPUT_INVALID",
        ),
    ];
    for (arguments, code) in cases {
        let refused = ask(&world, anonymous(), "studioQuote", arguments.clone()).await.unwrap_err();
        assert_eq!(refused.code, code, "{arguments}");
    }
    assert_eq!(outbox_events(&world.store).await.len(), 4, "only answers about a studio's time are told");
    assert_outbox_matches_schemas(&world.store).await;
}

#[tokio::test]
async fn a_quote_is_told_to_analytics_with_its_amount() {
    let (world, studio_id) = with_studio().await;
    let time = quote_arguments(studio_id, "2026-06-02T15:00:00Z", "2026-06-02T17:00:00Z", json!(4));
    ask(&world, caller(user(9), &[Role::Buyer]), "studioQuote", time).await.unwrap();
    let events = outbox_events(&world.store).await;
    assert_eq!(events[0].event, "studio.quote.response");
    assert_eq!(events[0].money.map(|money| money.amount_cents), Some(Cents(20_000)));
    assert_eq!(events[0].user_id, None, "who asked is nobody's business");
    assert_outbox_matches_schemas(&world.store).await;
}

#[tokio::test]
async fn an_offer_carries_the_terms_of_the_contract() {
    let (world, studio_id) = with_studio().await;
    let when =
        TimeRange::new("2026-06-02T15:00:00Z".parse().unwrap(), "2026-06-02T17:00:00Z".parse().unwrap());
    let mut unit = world.store.unit(&system()).await.unwrap();
    let offer = studios::offer(&mut unit, studio_id, when.unwrap(), None).await.unwrap();
    assert_eq!((offer.owner_user_id, offer.subtotal, offer.deposit), (user(5), Cents(20_000), Cents(20_000)));
    assert_eq!(offer.address_line, "1 Test Street, Houston, TX 77002");
    assert_eq!(offer.house_rules, ["No glitter."]);
    assert_eq!(offer.time_zone, chrono_tz::America::Chicago);
    assert!(offer.policy.is_sound());
}

#[tokio::test]
async fn the_database_refuses_schedules_that_no_quote_could_read() {
    let (world, studio_id) = with_studio().await;
    for statement in [
        "update studios.studio set time_zone = 'America/Nowhere' where studio_id = $1",
        "update studios.studio set time_zone = 'CST' where studio_id = $1",
        "update studios.studio set house_rules = '{}' where studio_id = $1",
        "update studios.studio set deposit_required = false where studio_id = $1",
        "update studios.studio_rate set dow = '{7}' where studio_id = $1",
        "update studios.studio_rate set dow = '{1,1}' where studio_id = $1",
        "update studios.studio_rate set dow = '{}' where studio_id = $1",
        "update studios.studio_rate set kind = 'slot' where studio_id = $1",
        "update studios.studio_rate set start_local = end_local where studio_id = $1",
        "update studios.studio_rate set max_booking_minutes = 1 where studio_id = $1",
    ] {
        let refused = sqlx::query(statement).bind(studio_id).execute(world.store.pool()).await;
        assert!(refused.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn a_field_of_another_lambda_is_not_answered() {
    let (world, _) = with_studio().await;
    assert_eq!(ask(&world, system(), "serviceProfile", json!({})).await.unwrap_err().code, "INTERNAL");
}
