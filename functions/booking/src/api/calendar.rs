//! The GraphQL fields of a person's calendar, and the feed behind its secret address.

use rastup_runtime::{
    page::{Page, PageRequest},
    resolver::Call,
};
use rastup_store::{Caller, Store};
use rastup_types::{ApiError, TimeRange};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    feed::{self, Entry},
    time,
};

/// What calendars need.
#[derive(Clone)]
pub struct Calendars {
    /// The database.
    pub store: Store,
    /// Base address of the HTTP API, without a slash at its end.
    pub http_url: String,
}

#[derive(Deserialize)]
struct CalendarArgs {
    within: TimeRange,
}

/// Answers the fields of calendars.
pub async fn calendar(deps: Calendars, call: Call) -> Result<Value, ApiError> {
    let (store, caller) = (&deps.store, &call.caller);
    match (call.parent.as_str(), call.field.as_str()) {
        ("Query", "myCalendar") => {
            let args: CalendarArgs = call.args()?;
            let mut unit = store.unit(caller).await?;
            let (entries, closed) = feed::mine(&mut unit, args.within).await?;
            Ok(json!({
                "entries": entries.iter().map(entry_json).collect::<Vec<_>>(),
                "closed": closed.iter().map(|(id, range)| json!({
                    "blackoutId": id,
                    "startAt": time::text(range.start()),
                    "endAt": time::text(range.end()),
                })).collect::<Vec<_>>(),
            }))
        }
        ("Query", "calendarFeed") => {
            let mut unit = store.unit(caller).await?;
            let since = feed::since(&mut unit).await?;
            Ok(json!({ "active": since.is_some(), "createdAt": since.map(time::text), "address": null }))
        }
        ("Mutation", "rotateCalendarFeed") => {
            let (token, since) = feed::rotate(store, caller).await?;
            let address = format!("{}/calendar/{token}.ics", deps.http_url);
            Ok(json!({ "active": true, "createdAt": time::text(since), "address": address }))
        }
        ("Mutation", "revokeCalendarFeed") => {
            feed::revoke(store, caller).await?;
            Ok(json!({ "active": false, "createdAt": null, "address": null }))
        }
        _ => Err(call.unknown_field()),
    }
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "legId": entry.leg_id,
        "lbgId": entry.lbg_id,
        "legType": entry.leg_type,
        "side": entry.side,
        "confirmed": entry.is_confirmed,
        "expiresAt": entry.expires_at.map(time::text),
        "startAt": time::text(entry.start_at),
        "endAt": time::text(entry.end_at),
        "blockedFrom": time::text(entry.blocked_from),
        "blockedUntil": time::text(entry.blocked_until),
    })
}

/// `calendar_feed_page`: the calendar behind a token.
pub async fn feed_page(store: Store, request: PageRequest, caller: Caller) -> Result<Page, ApiError> {
    let token = request.path_parameters.get("token").map(String::as_str).unwrap_or_default();
    let body = feed::read(&store, &caller, token).await?;
    Ok(Page { content_type: "text/calendar; charset=utf-8", max_age_seconds: 300, body })
}
