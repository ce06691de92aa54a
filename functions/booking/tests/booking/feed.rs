//! A person's calendar (`booking_calendar_resolver`) and its feed (`calendar_feed_page`): one's own time, nobody's name.

use booking::api::calendar::{Calendars, calendar, feed_page};
use rastup_runtime::{page, resolver::Call};
use rastup_store::{Caller, sqlx};
use rastup_testkit::{caller, system, user};
use rastup_types::{Role, TimeRange};
use serde_json::{Value, json};

use crate::support::{LATER, Market, OWNER, SELLER, STRANGER, buyer, code};

const JUNE: (&str, &str) = ("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z");

fn person(number: u128) -> Caller {
    caller(user(number), &[Role::Seller])
}

async fn ask(market: &Market, who: &Caller, parent: &str, field: &str) -> Value {
    let deps = Calendars { store: market.store().clone(), http_url: "https://example.com".to_owned() };
    let args = json!({ "within": { "start": JUNE.0, "end": JUNE.1 } });
    calendar(deps, Call::new(parent, field, who.clone(), args)).await.unwrap()
}

/// The token at the end of an address that was just made.
async fn address(market: &Market, who: &Caller) -> String {
    let feed = ask(market, who, "Mutation", "rotateCalendarFeed").await;
    let address =
        feed["address"].as_str().unwrap().strip_prefix("https://example.com/calendar/").unwrap().to_owned();
    assert!(address.ends_with(".ics"));
    address
}

async fn fetch(market: &Market, token: &str) -> Value {
    let event = json!({ "version": "2.0", "rawPath": format!("/calendar/{token}"), "pathParameters": { "token": token } });
    page::answer("calendar_feed_page", market.store().clone(), feed_page, event).await
}

#[tokio::test]
async fn each_side_sees_its_own_part_of_a_booking() {
    let market = Market::open().await;
    let (lbg_id, _) = market.confirmed(&buyer(), LATER).await;
    for (who, count, side) in
        [(buyer(), 2, "BUYER"), (person(SELLER), 1, "SELLER"), (person(OWNER), 1, "SELLER")]
    {
        let entries = ask(&market, &who, "Query", "myCalendar").await["entries"].as_array().unwrap().clone();
        assert_eq!(entries.len(), count);
        for entry in entries {
            assert_eq!((&entry["lbgId"], &entry["side"]), (&json!(lbg_id), &json!(side)));
            assert_eq!(entry["confirmed"], true);
        }
    }
    assert_eq!(ask(&market, &person(STRANGER), "Query", "myCalendar").await["entries"], json!([]));
    let long = json!({ "within": { "start": "2026-01-01T00:00:00Z", "end": "2028-01-01T00:00:00Z" } });
    let deps = Calendars { store: market.store().clone(), http_url: String::new() };
    assert_eq!(code(calendar(deps, Call::new("Query", "myCalendar", buyer(), long)).await), "INPUT_INVALID");
}

#[tokio::test]
async fn the_feed_tells_times_and_nobodys_name_or_place() {
    let market = Market::open().await;
    market.confirmed(&buyer(), LATER).await;
    let mut unit = market.store().unit(&system()).await.unwrap();
    let closed =
        TimeRange::new("2026-06-25T05:00:00Z".parse().unwrap(), "2026-06-26T05:00:00Z".parse().unwrap());
    studios::fixtures::blackout(&mut unit, market.studio_id, closed.unwrap()).await.unwrap();
    unit.commit().await.unwrap();
    for (who, events) in [(buyer(), 2), (person(SELLER), 1), (person(OWNER), 2), (person(STRANGER), 0)] {
        let token = address(&market, &who).await;
        let answer = fetch(&market, &token).await;
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["content-type"]),
            (&json!(200), &json!("text/calendar; charset=utf-8"))
        );
        let body = answer["body"].as_str().unwrap();
        assert_eq!(body.matches("BEGIN:VEVENT").count(), events, "{body}");
        let unfolded = body.replace("\r\n ", "");
        for secret in ["Bo Buyer", "Sasha", "Oda", "Hermann", "usr_", "Street", "@example.com"] {
            assert!(!unfolded.contains(secret), "{secret}: {unfolded}");
        }
        // The same event has the same name at every reading.
        assert_eq!(fetch(&market, &token).await["body"], answer["body"]);
    }
    let token = address(&market, &person(SELLER)).await;
    assert!(fetch(&market, &token).await["body"].as_str().unwrap().contains("DTSTART:20260620T150000Z"));
}

#[tokio::test]
async fn an_address_is_dead_once_it_is_replaced_or_revoked() {
    let market = Market::open().await;
    assert_eq!(ask(&market, &buyer(), "Query", "calendarFeed").await["active"], false);
    let first = address(&market, &buyer()).await;
    let second = address(&market, &buyer()).await;
    assert_ne!(first, second);
    assert_eq!(fetch(&market, &first).await["statusCode"], 404);
    assert_eq!(fetch(&market, &second).await["statusCode"], 200);
    let known = ask(&market, &buyer(), "Query", "calendarFeed").await;
    assert_eq!((&known["active"], &known["address"]), (&json!(true), &Value::Null));
    // Only a hash is kept.
    let kept: Vec<String> = sqlx::query_scalar("select token_sha256 from booking.calendar_feed")
        .fetch_all(market.world.database().pool())
        .await
        .unwrap();
    assert!(!kept.contains(&second.trim_end_matches(".ics").to_owned()));
    for _ in 0..2 {
        ask(&market, &buyer(), "Mutation", "revokeCalendarFeed").await;
    }
    assert_eq!(fetch(&market, &second).await["statusCode"], 404);
    for bad in ["", ".ics", "x", "../x", "\u{0}", &"a".repeat(64), &"é".repeat(32)] {
        assert_eq!(fetch(&market, bad).await["statusCode"], 404, "{bad:?}");
    }
}
