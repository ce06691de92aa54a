//! From data to the words on the page: cleaned text, money, rates, dates and windows. Layout is not here.

use chrono::{DateTime, Datelike, TimeZone, Utc};
use chrono_tz::Tz;

use crate::{RenderError, engine};

/// Longest run without a space that is left alone; longer ones may be broken so that they stay inside the page. Half
/// letters: wide ones count three, others two.
const LONGEST_WORD: usize = 72;
/// The same for identifiers and hashes, which are set small and read by machines.
const LONGEST_CODE: usize = 192;
const ZERO_WIDTH_SPACE: char = '\u{200B}';

/// Text as it may be printed: line ends are `\n`, what is invisible or reorders the reading direction is dropped, and what
/// no font can draw is spelt `[U+738B]`, so that nothing a party agreed to is silently missing.
pub(crate) fn clean(text: &str) -> String {
    printable(text, LONGEST_WORD)
}

/// An identifier or a hash, in one line and never broken up to the length of a SHA-256.
pub(crate) fn code(text: &str) -> String {
    printable(text, LONGEST_CODE).replace('\n', " ").trim().to_owned()
}

fn printable(text: &str, longest_run: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut spelt = false;
    let mut run = 0;
    for c in text.replace("\r\n", "\n").chars() {
        if is_unwanted(c) {
            continue;
        }
        let (drawn, code) = match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{0B}' | '\u{0C}' | '\u{85}' => (Some('\n'), c),
            c if c.is_whitespace() && c != '\u{A0}' => (Some(' '), c),
            c if is_private(c) || !engine::can_draw(c) => (None, c),
            c => (Some(c), c),
        };
        let Some(drawn) = drawn else {
            out.push_str(if spelt { " " } else { "[" });
            out.push_str(&format!("U+{:04X}", u32::from(code)));
            spelt = true;
            continue;
        };
        if spelt {
            out.push(']');
            spelt = false;
            run = 0;
        }
        run = match drawn {
            c if c.is_whitespace() => 0,
            'm' | 'w' | '@' | '%' => run + 3,
            c if c.is_ascii() && !c.is_uppercase() => run + 2,
            _ => run + 3,
        };
        if run > longest_run {
            out.push(ZERO_WIDTH_SPACE);
            run = longest_run / 2;
        }
        out.push(drawn);
    }
    if spelt {
        out.push(']');
    }
    out
}

/// [`clean`] text for a place that holds one line.
pub(crate) fn line(text: &str) -> String {
    clean(text).replace('\n', " ").trim().to_owned()
}

/// Controls, direction overrides and marks without a shape.
fn is_unwanted(c: char) -> bool {
    let line_end = matches!(c, '\n' | '\r' | '\t' | '\u{0B}' | '\u{0C}' | '\u{85}');
    (c.is_control() && !line_end)
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Private use: a font may draw it, but nobody can say what it means.
fn is_private(c: char) -> bool {
    matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}')
}

/// `cents` of a currency with two decimals: `$1,234.56` in US dollars, `EUR 1,234.56` otherwise.
pub fn format_money(cents: i64, currency: &str) -> String {
    let units = (cents.unsigned_abs() / 100).to_string();
    let mut grouped = String::with_capacity(units.len() + units.len() / 3);
    for (index, digit) in units.chars().enumerate() {
        if index > 0 && (units.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "-" } else { "" };
    let fraction = cents.unsigned_abs() % 100;
    if currency.eq_ignore_ascii_case("USD") {
        format!("{sign}${grouped}.{fraction:02}")
    } else {
        format!("{sign}{} {grouped}.{fraction:02}", line(currency))
    }
}

/// Basis points as a percentage without needless zeros: 825 is `8.25%`.
pub(crate) fn rate(bps: i32) -> String {
    let sign = if bps < 0 { "-" } else { "" };
    let (whole, rest) = (bps.unsigned_abs() / 100, bps.unsigned_abs() % 100);
    match rest {
        0 => format!("{sign}{whole}%"),
        rest if rest % 10 == 0 => format!("{sign}{whole}.{}%", rest / 10),
        rest => format!("{sign}{whole}.{rest:02}%"),
    }
}

/// An instant, to the second: `2026-11-20 13:18:00 UTC`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A day in UTC: `Nov 20, 2026`.
pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%b %-d, %Y").to_string()
}

/// Start and end as people at the place read them; `zone` is an IANA name, none means UTC.
pub(crate) fn window(
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    zone: Option<&str>,
) -> Result<String, RenderError> {
    let zone: Tz = match zone {
        Some(name) => name.parse().map_err(|_| RenderError::UnknownTimeZone)?,
        None => Tz::UTC,
    };
    let (start, end) = (zone.from_utc_datetime(&start.naive_utc()), zone.from_utc_datetime(&end.naive_utc()));
    let same_day = (start.year(), start.ordinal()) == (end.year(), end.ordinal());
    let same_offset = start.format("%Z").to_string() == end.format("%Z").to_string();
    let from =
        start.format(if same_offset { "%a, %b %-d, %Y, %-I:%M %p" } else { "%a, %b %-d, %Y, %-I:%M %p %Z" });
    let to = end.format(if same_day { "%-I:%M %p %Z" } else { "%a, %b %-d, %Y, %-I:%M %p %Z" });
    Ok(format!("{from} – {to}"))
}

/// Whole hours in words: `1 hour`, `48 hours`, `3 days` from three days on.
pub(crate) fn hours(hours: i32) -> String {
    match hours {
        1 => "1 hour".to_owned(),
        h if h >= 72 && h % 24 == 0 => format!("{} days", h / 24),
        h => format!("{h} hours"),
    }
}
