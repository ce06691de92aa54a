//! Text that tries to be more than text.

use std::fmt::Write as _;

use proptest::prelude::*;
use rastup_pdf::*;

use crate::samples::{contract, talent_receipt};
use crate::{leave, words};

const HOSTILE: [&str; 12] = [
    "#read(\"/etc/passwd\")",
    "#import \"@preview/x:1.0.0\": *",
    "$x^2$ and $ alone",
    "@label <label>",
    "*bold* _it_ `raw` ~ -- ---",
    "\\ #let x = 1; #x",
    "] #panic() [",
    "/* comment */ // comment",
    "= Heading",
    "{{variable}} ${env}",
    "<script>alert(1)</script>",
    "&amp; &#35; \"quotes\" 'single'",
];

/// The text without the marks a reader cannot see, as [`words`] collapses it.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn hostile_text_is_printed_letter_by_letter_wherever_it_stands() {
    for text in HOSTILE {
        let mut document = contract();
        document.clauses.truncate(1);
        document.clauses[0].heading = text.into();
        document.clauses[0].body = format!("Bound: **{}**.", escape_markdown(text));
        document.signers[0].name = text.into();
        document.title = text.into();
        let words = words(&render_contract(&document).unwrap());
        let found = words.matches(&flat(text)).count();
        assert!(found >= 4, "{text} stands {found} times, not in all of four places: {words}");
    }
}

#[test]
fn hostile_text_is_printed_letter_by_letter_on_a_receipt() {
    let mut receipt = talent_receipt();
    receipt.lines = HOSTILE
        .iter()
        .map(|text| Line { name: (*text).into(), quantity: 1, unit_price_cents: 0, amount_cents: 0 })
        .collect();
    receipt.lines[0].amount_cents = receipt.subtotal_cents;
    let words = words(&render_receipt(&receipt).unwrap());
    for text in HOSTILE {
        assert!(words.contains(&flat(text)), "{text} is missing from {words}");
    }
}

#[test]
fn text_that_reorders_or_hides_itself_is_set_plainly() {
    let mut document = contract();
    document.clauses.truncate(1);
    document.clauses[0].body =
        "pay \u{202E}0001\u{202C} do\u{200B}llars\u{0} \u{E000}\u{738B} to 王小明".into();
    let words = words(&render_contract(&document).unwrap());
    assert!(words.contains("pay 0001 dollars [U+E000 U+738B] to [U+738B U+5C0F U+660E]"), "{words}");
}

#[test]
fn a_document_over_the_limit_is_refused() {
    let mut document = contract();
    document.clauses[0].body = "word ".repeat(MAX_DOCUMENT_BYTES / 4);
    assert!(matches!(render_contract(&document), Err(RenderError::TooLarge { .. })));
}

#[test]
fn many_pages_are_all_numbered() {
    let mut document = contract();
    let mut body = String::new();
    for number in 0..120 {
        let _ = writeln!(
            body,
            "{number}. The parties agree on item {number} as described, without reservation.\n"
        );
    }
    document.clauses[1].body = body;
    let pdf = render_contract(&document).unwrap();
    leave("contract-long.pdf", &pdf);
    let pages = crate::pages(&pdf);
    assert!(pages.len() > 4);
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("Page {} of {}", index + 1, pages.len())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_rendering_fail(texts in proptest::collection::vec(any::<String>(), 8), markdown in "[#*_>`|\\[\\]()!<&\\-+=~0-9. a\n\t]{0,300}") {
        let mut document = contract();
        document.clauses.truncate(2);
        document.title = texts[0].clone();
        document.brand = texts[1].clone();
        document.clauses[0].heading = texts[2].clone();
        document.clauses[0].name = texts[3].clone();
        document.clauses[0].body = markdown;
        document.clauses[1].body = escape_markdown(&texts[4]);
        document.signers[0].name = texts[5].clone();
        document.signers[0].role = texts[6].clone();
        document.lbg_id = texts[7].clone();
        let first = render_contract(&document);
        prop_assert!(first.is_ok(), "{:?}", first);
        prop_assert_eq!(first, render_contract(&document));
    }
}
