//! What the running header and footer of every document say, and the small shapes its facts come in.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::text;

/// Letters that fit one line of the header's smallest type, taken low.
const COMPOSITION_LINE: usize = 130;
/// More lines than this would push the body down the page.
const COMPOSITION_LINES: usize = 4;

/// A label and its value; `code` values are set in the fixed-width face.
#[derive(Debug, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) code: bool,
}

impl Fact {
    /// A fact in words.
    pub(crate) fn text(label: &str, value: &str) -> Fact {
        Fact { label: text::line(label), value: text::line(value), code: false }
    }

    /// An identifier.
    pub(crate) fn code(label: &str, value: &str) -> Fact {
        Fact { label: text::line(label), value: text::code(value), code: true }
    }
}

/// Header, footer and metadata.
#[derive(Debug, Serialize)]
pub(crate) struct Head {
    pub(crate) brand: String,
    pub(crate) title: String,
    /// What sort of document it is: template and version, or the sort of receipt.
    pub(crate) kind: String,
    pub(crate) keywords: Vec<String>,
    pub(crate) references: Vec<Fact>,
    /// What the document is made of: clauses and their versions.
    pub(crate) composition: Option<String>,
    /// Lines to leave for it in the header.
    pub(crate) composition_lines: usize,
    pub(crate) fingerprint: String,
    pub(crate) generated_at: String,
}

impl Head {
    /// A head without composition; `references` also become the keywords.
    pub(crate) fn new(
        brand: &str,
        title: &str,
        kind: &str,
        references: Vec<Fact>,
        fingerprint: &str,
        at: DateTime<Utc>,
    ) -> Head {
        Head {
            brand: text::line(brand),
            title: text::line(title),
            kind: shorten(&text::line(kind), 90),
            keywords: references.iter().map(|reference| reference.value.clone()).collect(),
            references,
            composition: None,
            composition_lines: 0,
            fingerprint: shorten(&text::line(fingerprint), 16),
            generated_at: text::instant(at),
        }
    }

    /// Adds what the document is made of; a list too long for a header is left to the headings of the body.
    pub(crate) fn made_of(mut self, parts: &[String]) -> Head {
        if parts.is_empty() {
            return self;
        }
        let list = format!("Clauses: {}", parts.join(" · "));
        let lines = list.chars().count().div_ceil(COMPOSITION_LINE);
        let (list, lines) = match lines {
            fits if fits <= COMPOSITION_LINES => (list, fits),
            _ => (format!("{} clauses; each names its version at its heading", parts.len()), 1),
        };
        self.composition = Some(list);
        self.composition_lines = lines;
        self
    }
}

/// At most `most` letters, the last one an ellipsis when some were left out.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
