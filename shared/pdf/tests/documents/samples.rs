//! Documents as the contexts would send them.

use chrono::{DateTime, Utc};
use rastup_pdf::*;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a date")
}

const LBG: &str = "lbg_0f3c2b7a9d1e4c5f8a6b7c8d9e0f1a2b";

fn clause(heading: &str, name: &str, version: i32, body: &str) -> Clause {
    Clause { heading: heading.into(), name: name.into(), version, body: body.into() }
}

pub(crate) fn contract() -> ContractDocument {
    ContractDocument {
        brand: "RastUp".into(),
        title: "Statement of Work: Editorial portrait session".into(),
        doc_id: "doc_5b1d7c3e9f2a4b6c8d0e1f2a3b4c5d6e".into(),
        lbg_id: LBG.into(),
        leg_id: "leg_7e6d5c4b3a291807f6e5d4c3b2a19080".into(),
        template_name: "Talent SOW".into(),
        template_version: 3,
        clauses: vec![
            clause(
                "Base Terms",
                "base_terms",
                2,
                "This Statement of Work is made between **Dana Whitfield** (the *Buyer*) and **Marisol Ortega-Quiñones** \
                 (the *Talent*).\n\n- **Date:** Saturday, November 28, 2026\n- **Time:** 2:00 PM to 6:00 PM CST\n\
                 - **Place:** 1200 Post Oak Boulevard, Suite 40, Houston, TX 77056\n\n\
                 The total price is **$1,298.50**, of which $98.50 is tax and platform fee.\n",
            ),
            clause(
                "Responsibilities",
                "responsibilities",
                1,
                "## The Talent\n\nThe Talent will:\n\n1. arrive on time, prepared and with working equipment;\n\
                 2. deliver *forty* edited images within ten days:\n   - in full resolution, and\n   - in a web size;\n\
                 3. keep unpublished work confidential.\n\n## The Buyer\n\nThe Buyer provides the shot list no later than \
                 48 hours before the start, and a safe place to work.\n",
            ),
            clause(
                "IP and Licensing",
                "ip_licensing",
                4,
                "The Talent keeps the copyright. The Buyer receives a **non-exclusive** license for *editorial and social* \
                 use in *North America* for *twenty-four months* from delivery. Wider use needs a written addendum.\n",
            ),
            clause(
                "Payment and Escrow",
                "payment_escrow",
                2,
                "The Buyer pays through the platform before the work starts. The platform holds the amount and pays the \
                 Talent after acceptance, at the latest when the acceptance window closes.\n",
            ),
            clause(
                "Cancellation",
                "cancellation",
                1,
                "- Seven days or more before the start: 100% refund.\n- From 48 hours to seven days: 50% refund.\n\
                 - Less than 48 hours: no refund.\n",
            ),
            clause(
                "Safety and Conduct",
                "safety_conduct",
                5,
                "Both parties treat everybody on set with respect. Anybody may stop the session when they feel unsafe; \
                 neither party retaliates. Weapons, drugs and alcohol are not allowed.\n",
            ),
            clause(
                "Limitation of Liability",
                "liability",
                1,
                "Neither party is liable for indirect or consequential damages. Each party's total liability is limited to \
                 the price of this Statement of Work, except for bodily injury, fraud or willful misconduct.\n",
            ),
            clause(
                "Governing Law",
                "governing_law",
                2,
                "The law of the State of Texas governs this agreement.\n",
            ),
        ],
        signers: vec![
            Signer { role: "Buyer".into(), name: "Dana Whitfield".into() },
            Signer { role: "Photographer".into(), name: "Marisol Ortega-Quiñones".into() },
        ],
        generated_at: at("2026-11-20T13:18:05Z"),
        content_fingerprint: "9f2c4e7a1b3d5f60".into(),
    }
}

pub(crate) fn talent_receipt() -> ReceiptDocument {
    ReceiptDocument {
        brand: "RastUp".into(),
        receipt_id: "rcp_11112222333344445555666677778888".into(),
        lbg_id: LBG.into(),
        leg_id: "leg_7e6d5c4b3a291807f6e5d4c3b2a19080".into(),
        leg_kind: "Talent".into(),
        title: "Editorial portrait session".into(),
        parties: vec![
            Party { role: "Buyer".into(), name: "Dana Whitfield".into() },
            Party { role: "Photographer".into(), name: "Marisol Ortega-Quiñones".into() },
        ],
        window: Window {
            start_at: at("2026-11-28T20:00:00Z"),
            end_at: at("2026-11-29T00:00:00Z"),
            time_zone: Some("America/Chicago".into()),
        },
        lines: vec![
            Line {
                name: "Half-day editorial package".into(),
                quantity: 1,
                unit_price_cents: 95_000,
                amount_cents: 95_000,
            },
            Line {
                name: "Retouched image".into(),
                quantity: 12,
                unit_price_cents: 2_050,
                amount_cents: 24_600,
            },
        ],
        subtotal_cents: 119_600,
        service_tax_cents: 9_867,
        tax_lines: vec![
            TaxLine { jurisdiction: "State of Texas".into(), rate_bps: 625, amount_cents: 7_475 },
            TaxLine { jurisdiction: "City of Houston".into(), rate_bps: 200, amount_cents: 2_392 },
        ],
        platform_fee_cents: 11_960,
        platform_fee_tax_cents: 987,
        total_cents: 142_414,
        split_cents: 142_414,
        currency: "USD".into(),
        payment: Payment { method: "Card".into(), intent_id: "pi_3QabcDEF456ghiJKL789mnoP".into() },
        cancellation_policy: vec![
            PolicyBand { from_hours: 168, to_hours: None, buyer_refund_pct: 100, seller_payout_pct: 0 },
            PolicyBand { from_hours: 48, to_hours: Some(168), buyer_refund_pct: 50, seller_payout_pct: 50 },
            PolicyBand { from_hours: 0, to_hours: Some(48), buyer_refund_pct: 0, seller_payout_pct: 100 },
        ],
        documents: vec![
            DocumentReference {
                doc_id: "doc_5b1d7c3e9f2a4b6c8d0e1f2a3b4c5d6e".into(),
                title: "Talent SOW".into(),
                sha256: sha256_hex(b"talent sow"),
            },
            DocumentReference {
                doc_id: "doc_6c2e8d4fa03b5c7d9e1f203b4c5d6e7f".into(),
                title: "Model Release (Adult)".into(),
                sha256: sha256_hex(b"model release"),
            },
        ],
        refunds: Vec::new(),
        help_url: Some("https://rastup.com/help/orders".into()),
        issued_at: at("2026-11-20T14:02:44Z"),
    }
}

pub(crate) fn studio_receipt() -> ReceiptDocument {
    ReceiptDocument {
        receipt_id: "rcp_9999aaaabbbbccccddddeeeeffff0000".into(),
        leg_id: "leg_80f7e6d5c4b3a2918070e6d5c4b3a291".into(),
        leg_kind: "Studio".into(),
        title: "Daylight Loft, Montrose".into(),
        parties: vec![Party { role: "Studio".into(), name: "Montrose Daylight LLC".into() }],
        lines: vec![
            Line {
                name: "Studio rental, hourly".into(),
                quantity: 4,
                unit_price_cents: 8_500,
                amount_cents: 34_000,
            },
            Line { name: "Cleaning".into(), quantity: 1, unit_price_cents: 4_500, amount_cents: 4_500 },
        ],
        subtotal_cents: 38_500,
        service_tax_cents: 3_176,
        tax_lines: vec![
            TaxLine { jurisdiction: "State of Texas".into(), rate_bps: 625, amount_cents: 2_406 },
            TaxLine { jurisdiction: "City of Houston".into(), rate_bps: 200, amount_cents: 770 },
        ],
        platform_fee_cents: 3_850,
        platform_fee_tax_cents: 318,
        total_cents: 45_844,
        split_cents: 45_844,
        documents: vec![DocumentReference {
            doc_id: "doc_7d3f9e50b14c6d8eaf20314c5d6e7f80".into(),
            title: "Studio House Rules".into(),
            sha256: sha256_hex(b"house rules"),
        }],
        refunds: vec![Refund {
            refund_id: "rfd_0a1b2c3d4e5f60718293a4b5c6d7e8f9".into(),
            reason: "Cleaning was not needed".into(),
            amount_cents: 4_500,
            refunded_at: at("2026-11-20T13:59:00Z"),
        }],
        ..talent_receipt()
    }
}

pub(crate) fn group_receipt() -> GroupReceiptDocument {
    GroupReceiptDocument {
        brand: "RastUp".into(),
        receipt_id: "rcp_abcdefabcdefabcdefabcdefabcdefab".into(),
        lbg_id: LBG.into(),
        title: "Editorial portrait session at Daylight Loft".into(),
        parties: vec![Party { role: "Buyer".into(), name: "Dana Whitfield".into() }],
        legs: vec![talent_receipt(), studio_receipt()],
        subtotal_cents: 158_100,
        service_tax_cents: 13_043,
        platform_fee_cents: 15_810,
        platform_fee_tax_cents: 1_305,
        total_cents: 188_258,
        deposit_auth_cents: 30_000,
        currency: "USD".into(),
        payment: Payment { method: "Card".into(), intent_id: "pi_3QabcDEF456ghiJKL789mnoP".into() },
        help_url: Some("https://rastup.com/help/orders".into()),
        issued_at: at("2026-11-20T14:02:44Z"),
    }
}
