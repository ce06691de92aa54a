//! Tax of a leg as a record (§1.3.F): quoted with the price, committed with the confirmation, voided with its undo.

use rastup_providers::tax::{TaxKind, TaxLine};
use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, LegId, TaxTxnId, event::NewEvent};
use serde_json::json;

use crate::{Charge, FinanceError, LegPrice, Split};

fn name(kind: TaxKind) -> &'static str {
    match kind {
        TaxKind::Service => "service",
        TaxKind::PlatformFee => "platform_fee",
    }
}

/// Keeps the tax of a leg's price; a later quote replaces one that is not committed. Error: `WRONG_STATE` after the
/// commit.
pub async fn record_tax_quote(unit: &mut Unit, leg_id: LegId, price: &LegPrice) -> Result<(), FinanceError> {
    let service = (TaxKind::Service, price.service_tax, &price.tax_lines, &price.service_tax_reference);
    let fee = (TaxKind::PlatformFee, price.platform_fee_tax, &price.fee_tax_lines, &price.fee_tax_reference);
    for (kind, amount, lines, reference) in [service, fee] {
        keep(unit, leg_id, kind, amount, lines, (&price.tax_provider, reference)).await?;
    }
    let event = NewEvent::new("finance", "tax.quote")
        .id("leg_id", leg_id)
        .fact("service_tax_cents", price.service_tax.0)
        .fact("platform_fee_tax_cents", price.platform_fee_tax.0)
        .fact("provider", price.tax_provider.clone());
    unit.publish(event).await?;
    Ok(())
}

async fn keep(
    unit: &mut Unit,
    leg_id: LegId,
    kind: TaxKind,
    amount: Cents,
    lines: &[TaxLine],
    (provider, reference): (&str, &str),
) -> Result<(), FinanceError> {
    let (tax_txn_id, now): (TaxTxnId, _) = (unit.mint(), unit.now());
    let kept = sqlx::query(
        "insert into finance.tax_txn as t
             (tax_txn_id, leg_id, kind, provider, provider_reference, jurisdictions, quote_cents, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (leg_id, kind) do update
             set provider = excluded.provider, provider_reference = excluded.provider_reference,
                 jurisdictions = excluded.jurisdictions, quote_cents = excluded.quote_cents
             where t.committed_at is null",
    )
    .bind(tax_txn_id)
    .bind(leg_id)
    .bind(name(kind))
    .bind(provider)
    .bind(reference)
    .bind(json!(lines))
    .bind(amount)
    .bind(now)
    .execute(unit.conn())
    .await?
    .rows_affected();
    if kept == 1 { Ok(()) } else { Err(FinanceError::WrongState("The tax of this leg is committed.")) }
}

/// Commits the tax of every leg of a locked charge. What was quoted must be what is charged, to the cent.
pub(crate) async fn commit(unit: &mut Unit, charge: &Charge, splits: &[Split]) -> Result<(), FinanceError> {
    let now = unit.now();
    for split in splits {
        let quoted: Option<(Option<i64>, Option<i64>, bool)> = sqlx::query_as(
            "select (sum(quote_cents) filter (where kind = 'service'))::bigint,
                    (sum(quote_cents) filter (where kind = 'platform_fee'))::bigint,
                    coalesce(bool_and(committed_at is not null), false)
             from finance.tax_txn where leg_id = $1",
        )
        .bind(split.leg_id)
        .fetch_optional(unit.conn())
        .await?;
        let Some((Some(service), Some(fee), committed)) = quoted else {
            return Err(FinanceError::WrongState("The tax of a leg was never quoted."));
        };
        same("service tax", split.service_tax, Cents(service))?;
        same("tax on the platform's fee", split.platform_fee_tax, Cents(fee))?;
        if committed {
            continue;
        }
        sqlx::query("update finance.tax_txn set charge_id = $2, committed_at = $3 where leg_id = $1")
            .bind(split.leg_id)
            .bind(charge.charge_id)
            .bind(now)
            .execute(unit.conn())
            .await?;
        let event = NewEvent::new("finance", "tax.commit")
            .id("lbg_id", charge.lbg_id)
            .id("charge_id", charge.charge_id)
            .id("leg_id", split.leg_id)
            .money(split.service_tax + split.platform_fee_tax, charge.currency)
            .fact("service_tax_cents", split.service_tax.0)
            .fact("platform_fee_tax_cents", split.platform_fee_tax.0);
        unit.publish(event).await?;
    }
    Ok(())
}

/// Takes back what was committed for a charge; nothing when nothing was.
pub(crate) async fn void(unit: &mut Unit, charge: &Charge) -> Result<u64, FinanceError> {
    let voided =
        sqlx::query("update finance.tax_txn set charge_id = null, committed_at = null where charge_id = $1")
            .bind(charge.charge_id)
            .execute(unit.conn())
            .await?;
    Ok(voided.rows_affected())
}

pub(crate) fn same(what: &'static str, expected: Cents, found: Cents) -> Result<(), FinanceError> {
    if expected == found { Ok(()) } else { Err(FinanceError::Mismatch { what, expected, found }) }
}
