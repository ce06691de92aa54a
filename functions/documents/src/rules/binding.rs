//! Putting values in place of `{{snake_case}}` in a clause's Markdown, so that a value stays text whatever it holds.

use std::collections::{BTreeMap, BTreeSet};

/// A piece of a clause's text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Why a clause cannot be bound; a fault of the clause or of its declarations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BindError {
    /// A brace without its partner, or a name that is not snake case.
    #[error("a placeholder is malformed")]
    Malformed,
    /// A placeholder without a value.
    #[error("`{0}` has no value")]
    Unknown(String),
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn pieces(body: &str) -> Result<Vec<Piece<'_>>, BindError> {
    let mut pieces = Vec::new();
    let mut rest = body;
    while let Some((text, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or(BindError::Malformed)?;
        if !is_name(name) || text.contains("}}") {
            return Err(BindError::Malformed);
        }
        pieces.extend([Piece::Text(text), Piece::Variable(name)]);
        rest = after;
    }
    if rest.contains("}}") {
        return Err(BindError::Malformed);
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Names of the variables that a clause uses.
pub(crate) fn placeholders(body: &str) -> Result<BTreeSet<&str>, BindError> {
    Ok(pieces(body)?
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect())
}

/// The clause with its values. One pass: what a value holds is never read as a placeholder or as Markdown.
pub(crate) fn bind(body: &str, printed: &BTreeMap<String, String>) -> Result<String, BindError> {
    let mut bound = String::with_capacity(body.len() * 2);
    for piece in pieces(body)? {
        match piece {
            Piece::Text(text) => bound.push_str(text),
            Piece::Variable(name) => {
                let value = printed.get(name).ok_or_else(|| BindError::Unknown(name.to_owned()))?;
                bound.push_str(&rastup_pdf::escape_markdown(value));
            }
        }
    }
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_placeholder_takes_its_value() {
        let bound =
            bind("On {{service_date}} for {{a}}{{a}}.", &values(&[("service_date", "Monday"), ("a", "x")]));
        assert_eq!(bound.as_deref(), Ok("On Monday for xx."));
    }

    #[test]
    fn a_value_is_neither_markdown_nor_a_placeholder() {
        let bound = bind("{{a}}", &values(&[("a", "{{b}} **bold** # head"), ("b", "secret")])).unwrap();
        assert!(!bound.contains("secret") && !bound.contains("**") && !bound.contains("{{"), "{bound}");
    }

    #[test]
    fn malformed_and_unknown_placeholders_are_refused() {
        for body in ["{{a", "a}}", "{{A}}", "{{ a }}", "{{}}", "{{a-b}}", "}} {{a}}"] {
            assert_eq!(bind(body, &values(&[("a", "x")])), Err(BindError::Malformed), "{body}");
        }
        assert_eq!(bind("{{b}}", &values(&[("a", "x")])), Err(BindError::Unknown("b".to_owned())));
    }

    #[test]
    fn the_placeholders_of_a_clause_are_known() {
        assert_eq!(placeholders("{{b}} {{a}} {{b}}").unwrap(), BTreeSet::from(["a", "b"]));
    }

    proptest! {
        #[test]
        fn any_value_binds_and_leaves_the_text_around_it_alone(value in ".{0,80}") {
            let bound = bind("before {{a}} after", &values(&[("a", &value)])).unwrap();
            prop_assert!(bound.starts_with("before ") && bound.ends_with(" after"));
        }
    }
}
