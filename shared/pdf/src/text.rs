//! From data to the words on the page: cleaned text, money, rates, dates and windows. Layout is not here.

use chrono::{DateTime, Datelike, TimeZone, Utc};
use chrono_tz::Tz;

use crate::{RenderError, engine};

/// Longest run without a space that is left alone; longer ones may be broken so that they stay inside the page. Half
/// letters: wide ones count three, others two.
const LONGEST_WORD: usize = 72;
/// The same for identifiers, of which forty letters fit a third of the header.
const LONGEST_CODE: usize = 80;
/// The same for a SHA-256, which has a line of its own.
const LONGEST_HASH: usize = 128;
const ZERO_WIDTH_SPACE: char = '\u{200B}';

/// Text as it may be printed: line ends are `\n`, what is invisible or reorders the reading direction is dropped, and what
/// no font can draw is spelt `[U+738B]`, so that nothing a party agreed to is silently missing.
pub(crate) fn clean(text: &str) -> String {
    printable(text, LONGEST_WORD)
}

/// An identifier, in one line.
pub(crate) fn code(text: &str) -> String {
    printable(text, LONGEST_CODE).replace('\n', " ").trim().to_owned()
}

/// A SHA-256 in hex, in one line and never broken.
pub(crate) fn hash(text: &str) -> String {
    printable(text, LONGEST_HASH).replace('\n', " ").trim().to_owned()
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
            run += 18;
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
        if index > 0 && (units.len() - index).is_multiple_of(3) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn money_is_grouped_signed_and_exact_to_the_cent() {
        let cases = [
            (0, "$0.00"),
            (5, "$0.05"),
            (-45, "-$0.45"),
            (99_999, "$999.99"),
            (100_000, "$1,000.00"),
            (123_456_789, "$1,234,567.89"),
            (i64::MIN, "-$92,233,720,368,547,758.08"),
        ];
        for (cents, words) in cases {
            assert_eq!(format_money(cents, "USD"), words);
        }
        assert_eq!(format_money(-123_456, "EUR"), "-EUR 1,234.56");
    }

    #[test]
    fn rates_drop_needless_zeros() {
        let cases = [(825, "8.25%"), (650, "6.5%"), (200, "2%"), (5, "0.05%"), (-50, "-0.5%"), (0, "0%")];
        for (bps, words) in cases {
            assert_eq!(rate(bps), words);
        }
    }

    #[test]
    fn a_window_over_a_clock_change_names_both_offsets() {
        let words =
            window(at("2026-11-01T05:30:00Z"), at("2026-11-01T08:30:00Z"), Some("America/Chicago")).unwrap();
        assert_eq!(words, "Sun, Nov 1, 2026, 12:30 AM CDT – 2:30 AM CST");
    }

    #[test]
    fn what_no_font_draws_is_spelt_and_what_hides_is_dropped() {
        assert_eq!(clean("a\r\nb\u{2028}c\td"), "a\nb\nc d");
        assert_eq!(clean("王小 明é"), "[U+738B U+5C0F] [U+660E]é");
        assert_eq!(clean("x\u{202E}y\u{200B}z\u{7}\u{E0041}"), "xyz");
        assert_eq!(clean("🎉"), "[U+1F389]");
        assert_eq!(clean("Ортега Ναΐς Nguyễn"), "Ортега Ναΐς Nguyễn");
    }

    #[test]
    fn only_words_no_line_can_hold_get_places_to_break() {
        let id = format!("lbg_{}", "0".repeat(32));
        assert_eq!(code(&id), id);
        let sha256 = "0".repeat(64);
        assert_eq!(hash(&sha256), sha256);
        assert!(!clean("https://rastup.com/help/orders internationalization").contains(ZERO_WIDTH_SPACE));
        let long = clean(&"W".repeat(200));
        assert!(long.split(ZERO_WIDTH_SPACE).all(|part| part.chars().count() <= 24), "{long}");
        assert_eq!(long.replace(ZERO_WIDTH_SPACE, ""), "W".repeat(200));
    }
}
