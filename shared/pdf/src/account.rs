//! An account's monthly statement (§1.9.G): movements that make sums, and the sums that must be theirs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    RenderError,
    engine::{self, Template},
    fingerprint,
    page::{Fact, Head},
    text::{self, format_money, line},
};

/// A statement. Amounts are integer cents of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStatement {
    /// Name at the head of every page.
    pub brand: String,
    /// `stm_…`
    pub statement_id: String,
    /// Whose it is, in words: `Buyer`, `Seller`.
    pub kind: String,
    /// The month, such as `2026-06`.
    pub period: String,
    /// What moved, oldest first; they make `total_cents`.
    pub movements: Vec<Movement>,
    /// Sums that are told beside the total; they need not make it.
    pub sums: Vec<(String, i64)>,
    /// Sum of the movements.
    pub total_cents: i64,
    /// ISO 4217.
    pub currency: String,
    /// Said below the sums.
    pub notes: Vec<String>,
    /// The document's date.
    pub issued_at: DateTime<Utc>,
}

/// A movement of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// When.
    pub at: DateTime<Utc>,
    /// What it was, in words.
    pub what: String,
    /// An id.
    pub reference: String,
    /// Negative for what went back.
    pub amount_cents: i64,
}

#[derive(Serialize)]
struct View {
    #[serde(flatten)]
    head: Head,
    facts: Vec<Fact>,
    rows: Vec<[String; 4]>,
    sums: Vec<Sum>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Sum {
    label: String,
    amount: String,
    total: bool,
}

/// Renders a statement. Errors: [`RenderError::Unbalanced`] when the movements do not make the total, and those of any
/// document.
pub fn render_account_statement(statement: &AccountStatement) -> Result<Vec<u8>, RenderError> {
    let parts: i128 = statement.movements.iter().map(|movement| i128::from(movement.amount_cents)).sum();
    if parts != i128::from(statement.total_cents) {
        return Err(RenderError::Unbalanced { what: "total", parts, stated: statement.total_cents });
    }
    let currency = statement.currency.as_str();
    let sum = |label: &str, cents: i64, total: bool| Sum {
        label: line(label),
        amount: format_money(cents, currency),
        total,
    };
    let mut sums: Vec<Sum> = statement.sums.iter().map(|(label, cents)| sum(label, *cents, false)).collect();
    sums.push(sum("Total", statement.total_cents, true));
    let row = |movement: &Movement| {
        [
            text::day(movement.at),
            line(&movement.what),
            text::code(&movement.reference),
            format_money(movement.amount_cents, currency),
        ]
    };
    let title = format!("Statement {}", line(&statement.period));
    let kind = format!("Statement · {}", line(&statement.kind));
    let references = vec![Fact::code("Statement", &statement.statement_id)];
    let view = View {
        head: Head::new(
            &statement.brand,
            &title,
            &kind,
            references,
            &fingerprint(statement)?,
            statement.issued_at,
        ),
        facts: vec![
            Fact::text("Period", &statement.period),
            Fact::text("Issued", &text::day(statement.issued_at)),
            Fact::text("Movements", &statement.movements.len().to_string()),
        ],
        rows: statement.movements.iter().map(row).collect(),
        sums,
        notes: statement.notes.iter().map(|note| line(note)).collect(),
    };
    let data = serde_json::to_vec(&view).map_err(|error| RenderError::Typesetting(error.to_string()))?;
    engine::render(Template::Account, data, &statement.statement_id, statement.issued_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> AccountStatement {
        let at: DateTime<Utc> = "2026-06-10T12:00:00Z".parse().unwrap_or_default();
        let movement = |what: &str, amount_cents| Movement {
            at,
            what: what.to_owned(),
            reference: "lbg_00000000000000000000000000000007".to_owned(),
            amount_cents,
        };
        AccountStatement {
            brand: "RastUp".to_owned(),
            statement_id: "stm_00000000000000000000000000000001".to_owned(),
            kind: "Buyer".to_owned(),
            period: "2026-06".to_owned(),
            movements: vec![movement("Payment", 53_584), movement("Refund", -3_584)],
            sums: vec![("Tax included".to_owned(), 4_084)],
            total_cents: 50_000,
            currency: "USD".to_owned(),
            notes: vec!["Times are of the platform's zone.".to_owned()],
            issued_at: at,
        }
    }

    #[test]
    fn a_statement_is_a_pdf_and_the_same_bytes_again() {
        let first = render_account_statement(&statement());
        assert!(first.as_ref().is_ok_and(|bytes| bytes.starts_with(b"%PDF-")), "{:?}", first.err());
        assert_eq!(first, render_account_statement(&statement()));
    }

    #[test]
    fn a_total_that_is_not_its_movements_is_not_printed() {
        let wrong = AccountStatement { total_cents: 50_001, ..statement() };
        let refused = render_account_statement(&wrong);
        assert_eq!(refused, Err(RenderError::Unbalanced { what: "total", parts: 50_000, stated: 50_001 }));
    }
}
