//! Contracts as their readers find them.

use rastup_pdf::*;

use crate::samples::contract;
use crate::{leave, pages, words};

#[test]
fn equal_contracts_are_equal_byte_for_byte_and_different_ones_are_not() {
    let document = contract();
    let first = render_contract(&document).unwrap();
    leave("contract.pdf", &first);
    assert_eq!(first, render_contract(&document.clone()).unwrap());

    let changes: [fn(&mut ContractDocument); 6] = [
        |d| d.clauses[7].body.push('.'),
        |d| d.clauses[0].version += 1,
        |d| d.signers[0].name.push('e'),
        |d| d.doc_id = "doc_00000000000000000000000000000000".into(),
        |d| d.generated_at += chrono::TimeDelta::seconds(1),
        |d| d.content_fingerprint = "0000000000000000".into(),
    ];
    for change in changes {
        let mut other = document.clone();
        change(&mut other);
        assert_ne!(first, render_contract(&other).unwrap());
    }
}

#[test]
fn a_contract_says_everything_it_was_given() {
    let document = contract();
    let text = words(&render_contract(&document).unwrap());
    for clause in &document.clauses {
        assert!(text.contains(&clause.heading), "{} is missing", clause.heading);
        assert!(text.contains(&format!("{} v{}", clause.name, clause.version)), "{} is missing", clause.name);
    }
    for part in [
        document.title.as_str(),
        "Talent SOW · version 3",
        "Marisol Ortega-Quiñones",
        "1200 Post Oak Boulevard, Suite 40, Houston, TX 77056",
        "deliver forty edited images within ten days",
        "in full resolution, and",
        "From 48 hours to seven days: 50% refund.",
    ] {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
}

#[test]
fn every_page_names_booking_document_fingerprint_date_and_page() {
    let document = contract();
    let pages = pages(&render_contract(&document).unwrap());
    assert!(pages.len() > 1);
    for (index, page) in pages.iter().enumerate() {
        for part in [
            document.brand.as_str(),
            &document.lbg_id,
            &document.leg_id,
            &document.doc_id,
            "ip_licensing v4",
            "Fingerprint 9f2c4e7a1b3d5f60",
            "Generated 2026-11-20 13:18:05 UTC",
            &format!("Page {} of {}", index + 1, pages.len()),
        ] {
            assert!(page.contains(part), "{part} is missing from page {}: {page}", index + 1);
        }
    }
}

#[test]
fn the_only_dates_in_a_contract_are_its_own() {
    let pdf = render_contract(&contract()).unwrap();
    let text = String::from_utf8_lossy(&pdf);
    assert!(text.contains("<xmp:CreateDate>2026-11-20T13:18:05"), "no creation date");
    assert!(
        text.contains("pdfaid:part>2<") && text.contains("pdfaid:conformance>A<"),
        "not marked as PDF/A-2a"
    );
    let year = |at: usize| text[at..].chars().take(4).collect::<String>();
    for (at, tag) in text.match_indices("Date>").chain(text.match_indices("(D:")) {
        let next = year(at + tag.len());
        assert!(next == "2026" || !next.starts_with(|c: char| c.is_ascii_digit()), "a date of {next}");
    }
}
