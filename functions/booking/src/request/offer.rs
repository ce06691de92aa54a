//! What a request offers: a time with its price. Changing lines is a pure function; pricing asks finance.

use finance::{LegPrice, LegPricing, price_leg};
use rastup_providers::tax::TaxQuotes;
use rastup_store::Unit;
use rastup_types::Cents;
use rastup_types::{
    TimeRange,
    pricing::{LegType, LineKind, PricedLine},
};
use serde::{Deserialize, Serialize};

use crate::{
    error::BookingError,
    order::{self, Leg},
    quote,
};

/// Most lines of an offer.
const LINES_MAX: usize = 30;
/// Largest amount of a line that a counter adds or changes, cents.
const UNIT_CENTS_MAX: i64 = 10_000_000;

/// Time, lines and price of a leg.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    /// The session.
    pub range: TimeRange,
    /// The session with buffers.
    pub blocked: TimeRange,
    /// Lines of the price.
    pub lines: Vec<PricedLine>,
    /// Subtotal, fee and taxes.
    pub price: LegPrice,
}

/// One change of a leg's lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineChange {
    /// Position of the line that changes, from 0; a new line without it.
    #[serde(default)]
    pub position: Option<usize>,
    /// What a new line is for.
    #[serde(default)]
    pub kind: Option<LineKind>,
    /// Name of a new line.
    #[serde(default)]
    pub name: Option<String>,
    /// Units; none takes the line away.
    pub quantity: i32,
    /// Price of a unit, cents; only an adjustment may be negative.
    pub unit_price_cents: Cents,
}

/// The lines after the changes. Errors: `INPUT_INVALID` naming `lineItemChanges`.
pub fn changed_lines(lines: &[PricedLine], changes: &[LineChange]) -> Result<Vec<PricedLine>, BookingError> {
    let invalid = |problem| BookingError::Invalid { field: "lineItemChanges", problem };
    let mut slots: Vec<Option<PricedLine>> = lines.iter().cloned().map(Some).collect();
    for change in changes {
        if change.quantity < 0 || change.quantity > 1_000 {
            return Err(invalid("must have quantities of 0 to 1000"));
        }
        if change.unit_price_cents.0.abs() > UNIT_CENTS_MAX {
            return Err(invalid("has a price that is too large"));
        }
        let (kind, name) = match change.position {
            Some(position) => {
                let line = lines.get(position).ok_or_else(|| invalid("names a line that does not exist"))?;
                (line.kind, line.name.clone())
            }
            None => new_line(change).ok_or_else(|| {
                invalid("needs a kind (EXTRA, TRAVEL, LICENSE, ADJUSTMENT) and a name for a new line")
            })?,
        };
        if change.unit_price_cents < Cents::ZERO && kind != LineKind::Adjustment {
            return Err(invalid("has a negative price that is no adjustment"));
        }
        let line = match change.quantity {
            0 => None,
            quantity => Some(
                PricedLine::new(kind, name, quantity, change.unit_price_cents)
                    .ok_or_else(|| invalid("costs more than can be charged"))?,
            ),
        };
        match change.position {
            Some(position) => slots[position] = line,
            None => slots.push(line),
        }
    }
    let lines: Vec<PricedLine> = slots.into_iter().flatten().collect();
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(invalid("must leave 1 to 30 lines"));
    }
    let subtotal = PricedLine::total(&lines);
    if subtotal <= Cents::ZERO || subtotal.0 > i64::from(i32::MAX) {
        return Err(invalid("must leave a price above zero that can be charged"));
    }
    Ok(lines)
}

fn new_line(change: &LineChange) -> Option<(LineKind, String)> {
    let name = quote::text(change.name.as_deref(), "lineItemChanges").ok()??;
    match change.kind? {
        kind @ (LineKind::Extra | LineKind::Travel | LineKind::License | LineKind::Adjustment) => {
            Some((kind, name))
        }
        LineKind::Package | LineKind::Rental | LineKind::Crew | LineKind::Cleaning | LineKind::Peak => None,
    }
}

impl Offer {
    /// The leg as it stands.
    pub(super) async fn of(unit: &mut Unit, leg: &Leg) -> Result<Offer, BookingError> {
        let range = |start, end| TimeRange::new(start, end).map_err(rastup_types::ApiError::internal);
        Ok(Offer {
            range: range(leg.start_at, leg.end_at)?,
            blocked: range(leg.blocked_from, leg.blocked_until)?,
            lines: order::lines(unit, leg.leg_id).await?,
            price: leg.price.0.clone(),
        })
    }
}

/// Prices lines of a leg with fee and taxes. Error: `FEE_RULE_MISSING`.
pub(crate) async fn priced(
    unit: &mut Unit,
    tax: &dyn TaxQuotes,
    city: &str,
    leg: (LegType, Option<rastup_types::pricing::ProfileRole>),
    lines: &[PricedLine],
) -> Result<LegPrice, BookingError> {
    let pricing = LegPricing {
        city: city.to_owned(),
        leg_type: leg.0,
        role: leg.1,
        subtotal: PricedLine::total(lines),
    };
    Ok(price_leg(unit, tax, &pricing).await?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines() -> Vec<PricedLine> {
        vec![
            PricedLine::new(LineKind::Package, "Session", 1, Cents(45_000)).unwrap(),
            PricedLine::new(LineKind::Extra, "Retouch", 2, Cents(1_500)).unwrap(),
        ]
    }

    fn change(position: Option<usize>, kind: Option<LineKind>, quantity: i32, cents: i64) -> LineChange {
        let name = kind.map(|_| "Named".to_owned());
        LineChange { position, kind, name, quantity, unit_price_cents: Cents(cents) }
    }

    #[test]
    fn a_counter_changes_adds_and_takes_lines_away() {
        use LineKind::{Adjustment, Package, Travel};
        for (changes, subtotal) in [
            (vec![], Some(48_000)),
            (vec![change(Some(0), None, 1, 50_000)], Some(53_000)),
            (vec![change(Some(1), None, 0, 0)], Some(45_000)),
            (vec![change(None, Some(Travel), 20, 100)], Some(50_000)),
            (vec![change(None, Some(Adjustment), 1, -8_000)], Some(40_000)),
            (vec![change(None, Some(Travel), 1, -1)], None),
            (vec![change(Some(0), None, 1, -1)], None),
            (vec![change(None, Some(Package), 1, 100)], None),
            (vec![change(None, None, 1, 100)], None),
            (vec![change(Some(2), None, 1, 100)], None),
            (vec![change(None, Some(Adjustment), 1, -48_000)], None),
            (vec![change(Some(0), None, 0, 0), change(Some(1), None, 0, 0)], None),
            (vec![change(Some(0), None, -1, 100)], None),
        ] {
            let changed = changed_lines(&lines(), &changes).ok();
            assert_eq!(changed.map(|lines| PricedLine::total(&lines).0), subtotal, "{changes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_is_chargeable_or_refused(
            changes in prop::collection::vec((prop::option::of(0usize..4), -2i32..2000, -11_000_000i64..11_000_000), 0..40),
        ) {
            let changes: Vec<_> = changes
                .into_iter()
                .map(|(position, quantity, cents)| change(position, Some(LineKind::Adjustment), quantity, cents))
                .collect();
            if let Ok(lines) = changed_lines(&lines(), &changes) {
                let total = PricedLine::total(&lines).0;
                prop_assert!(total > 0 && total <= i64::from(i32::MAX) && !lines.is_empty());
                prop_assert!(lines.iter().all(|line| line.quantity > 0));
            }
        }
    }
}
