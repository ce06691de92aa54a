//! Receipts as their readers find them.

use rastup_pdf::*;

use crate::samples::{group_receipt, studio_receipt, talent_receipt};
use crate::{leave, words};

#[test]
fn equal_receipts_are_equal_byte_for_byte_and_different_ones_are_not() {
    let receipt = talent_receipt();
    let first = render_receipt(&receipt).unwrap();
    leave("receipt.pdf", &first);
    assert_eq!(first, render_receipt(&receipt.clone()).unwrap());
    let other = ReceiptDocument { leg_kind: "Studio".into(), ..receipt };
    assert_ne!(first, render_receipt(&other).unwrap());
}

#[test]
fn a_receipt_states_every_line_tax_fee_total_split_policy_and_hash() {
    let receipt = talent_receipt();
    let text = words(&render_receipt(&receipt).unwrap());
    let hashes = receipt.documents.iter().map(|document| document.sha256.as_str());
    for part in [
        "Half-day editorial package 1 $950.00 $950.00",
        "Retouched image 12 $20.50 $246.00",
        "Subtotal $1,196.00",
        "State of Texas (6.25%) $74.75",
        "City of Houston (2%) $23.92",
        "Platform fee $119.60",
        "Tax on platform fee $9.87",
        "Total $1,424.14",
        "pi_3QabcDEF456ghiJKL789mnoP",
        "Sat, Nov 28, 2026, 2:00 PM – 6:00 PM CST",
        "7 days or more before the start 100% 0%",
        "At least 48 hours, less than 7 days before the start 50% 50%",
        "Less than 48 hours before the start 0% 100%",
        "https://rastup.com/help/orders",
        "2026-11-20 14:02:44 UTC",
    ]
    .into_iter()
    .chain(hashes)
    .chain([receipt.receipt_id.as_str(), &receipt.lbg_id, &receipt.leg_id])
    {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
}

#[test]
fn refunds_are_listed_and_taken_off_the_total() {
    let pdf = render_receipt(&studio_receipt()).unwrap();
    leave("receipt-refunded.pdf", &pdf);
    let text = words(&pdf);
    for part in ["Refunded -$45.00", "Paid after refunds $413.44", "Cleaning was not needed", "Nov 20, 2026"]
    {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
}

#[test]
fn a_group_receipt_states_both_legs_and_keeps_the_deposit_apart() {
    let group = group_receipt();
    let pdf = render_group_receipt(&group).unwrap();
    leave("group-receipt.pdf", &pdf);
    assert_eq!(pdf, render_group_receipt(&group).unwrap());
    let text = words(&pdf);
    let hashes = group.legs.iter().flat_map(|leg| &leg.documents).map(|document| document.sha256.as_str());
    for part in [
        "Talent: Editorial portrait session",
        "Studio: Daylight Loft, Montrose",
        "Total of this service $1,424.14",
        "Total of this service $458.44",
        "Subtotal $1,581.00",
        "Total $1,882.58",
        "$300.00",
        "a hold on the card, not a charge",
        "Paid after refunds $1,837.58",
        "Cancellation policy, Daylight Loft, Montrose",
    ]
    .into_iter()
    .chain(hashes)
    {
        assert!(text.contains(part), "{part} is missing from {text}");
    }
}

#[test]
fn a_receipt_whose_sums_are_wrong_is_not_printed() {
    let wrong = ReceiptDocument { total_cents: 142_415, ..talent_receipt() };
    assert_eq!(
        render_receipt(&wrong),
        Err(RenderError::Unbalanced { what: "total", parts: 142_414, stated: 142_415 })
    );
    let mut wrong = talent_receipt();
    wrong.lines.pop();
    assert!(matches!(render_receipt(&wrong), Err(RenderError::Unbalanced { what: "subtotal", .. })));
    let mut wrong = talent_receipt();
    wrong.tax_lines.pop();
    assert!(matches!(render_receipt(&wrong), Err(RenderError::Unbalanced { what: "service tax", .. })));
    let mut wrong = group_receipt();
    wrong.legs[1].split_cents -= 1;
    assert!(matches!(render_group_receipt(&wrong), Err(RenderError::Unbalanced { what: "split", .. })));
}

#[test]
fn an_unknown_time_zone_is_an_error_and_none_prints_utc() {
    let mut receipt = talent_receipt();
    receipt.window.time_zone = Some("Texas/Houston".into());
    assert_eq!(render_receipt(&receipt), Err(RenderError::UnknownTimeZone));
    receipt.window.time_zone = None;
    assert!(
        words(&render_receipt(&receipt).unwrap())
            .contains("Nov 28, 2026, 8:00 PM – Sun, Nov 29, 2026, 12:00 AM UTC")
    );
}
