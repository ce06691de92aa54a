//! iCalendar (RFC 5545): a small writer for events in UTC.

use chrono::{DateTime, Utc};

/// Most octets of a line before it is folded (RFC 5545 §3.1), without its end.
const LINE_OCTETS_MAX: usize = 75;

/// How sure an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It takes place.
    Confirmed,
    /// It may.
    Tentative,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for as long as it exists.
    pub uid: String,
    /// When it was written.
    pub stamped_at: DateTime<Utc>,
    /// Start.
    pub start: DateTime<Utc>,
    /// End.
    pub end: DateTime<Utc>,
    /// What is shown.
    pub summary: &'static str,
    /// A line more.
    pub description: Option<String>,
    /// How sure it is.
    pub status: Status,
}

/// A calendar of events.
pub fn write(events: &[Event]) -> String {
    let mut text = String::new();
    let mut line = |content: &str| fold(&mut text, content);
    for head in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//RastUp//Bookings//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ] {
        line(head);
    }
    for event in events {
        line("BEGIN:VEVENT");
        line(&format!("UID:{}", escaped(&event.uid)));
        line(&format!("DTSTAMP:{}", utc(event.stamped_at)));
        line(&format!("DTSTART:{}", utc(event.start)));
        line(&format!("DTEND:{}", utc(event.end)));
        line(&format!("SUMMARY:{}", escaped(event.summary)));
        if let Some(description) = &event.description {
            line(&format!("DESCRIPTION:{}", escaped(description)));
        }
        line(match event.status {
            Status::Confirmed => "STATUS:CONFIRMED",
            Status::Tentative => "STATUS:TENTATIVE",
        });
        line("TRANSP:OPAQUE");
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    text
}

fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT of RFC 5545 §3.3.11; other control characters cannot be said and are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            '\n' => escaped.push_str("\\n"),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// Writes a content line, folded between characters, never within one.
fn fold(text: &mut String, content: &str) {
    let mut octets = 0;
    for letter in content.chars() {
        if octets + letter.len_utf8() > LINE_OCTETS_MAX {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(letter);
        octets += letter.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(description: &str) -> Event {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        Event {
            uid: "leg_1@rastup.com".to_owned(),
            stamped_at: at("2026-06-01T12:00:00Z"),
            start: at("2026-06-20T15:00:00Z"),
            end: at("2026-06-20T17:00:00Z"),
            summary: "Booked session",
            description: Some(description.to_owned()),
            status: Status::Confirmed,
        }
    }

    #[test]
    fn an_event_is_written_as_the_standard_says() {
        let expected = [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//RastUp//Bookings//EN",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "BEGIN:VEVENT",
            "UID:leg_1@rastup.com",
            "DTSTAMP:20260601T120000Z",
            "DTSTART:20260620T150000Z",
            "DTEND:20260620T170000Z",
            "SUMMARY:Booked session",
            "DESCRIPTION:a\\, b\\; c\\\\d\\ne",
            "STATUS:CONFIRMED",
            "TRANSP:OPAQUE",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ];
        assert_eq!(write(&[event("a, b; c\\d\ne\r\u{7}")]), expected.join("\r\n"));
        assert!(write(&[]).ends_with("METHOD:PUBLISH\r\nEND:VCALENDAR\r\n"));
    }

    proptest! {
        #[test]
        fn lines_are_short_and_unfold_to_what_was_said(words in "\\PC{0,300}") {
            let text = write(&[event(&words)]);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= LINE_OCTETS_MAX));
            let unfolded = text.replace("\r\n ", "");
            let line = format!("DESCRIPTION:{}", escaped(&words));
            prop_assert!(unfolded.split("\r\n").any(|said| said == line));
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
        }
    }
}
