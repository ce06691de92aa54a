//! CSV as RFC 4180 has it, with texts that no spreadsheet takes for a formula.

/// One line, ended by CRLF.
pub(super) fn line(fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|text| field(text)).collect();
    format!("{}\r\n", fields.join(","))
}

/// A field; one that a spreadsheet would run gets an apostrophe in front. Numbers stay numbers.
fn field(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err();
    let safe = if runs { format!("'{text}") } else { text.to_owned() };
    if safe.contains([',', '"', '\r', '\n']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn golden_table_of_fields() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-1+2", "'-1+2"),
            ("-12.34", "-12.34"),
            ("\t=1", "'\t=1"),
        ] {
            assert_eq!(field(text), written, "{text}");
        }
        assert_eq!(line(&["a", "b,c"]), "a,\"b,c\"\r\n");
    }

    proptest! {
        #[test]
        fn no_field_begins_a_formula(text in ".{0,40}") {
            let written = field(&text);
            let shown = written.trim_start_matches('"');
            let runs = shown.starts_with(['=', '+', '-', '@', '\t']);
            prop_assert!(!runs || written.parse::<f64>().is_ok(), "{written:?}");
        }
    }
}
