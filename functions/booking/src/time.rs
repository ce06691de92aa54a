//! How times leave the context: RFC 3339 in UTC with milliseconds, as GraphQL and the state machines read them.

use chrono::{DateTime, SecondsFormat, Utc};

/// A time as text, such as `2026-06-02T15:00:00.000Z`.
pub(crate) fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
