//! Merchant of record per city (§1.9.I): who remits the service tax. Versions in time; a price freezes the one that holds.

use chrono::{DateTime, Utc};
use rastup_providers::tax::{TaxKind, TaxQuotes};
use rastup_store::{
    Caller, Store, Unit,
    approval::{self, Approval, Asked},
    sqlx,
};
use rastup_types::{ApiError, Cents, Permission};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{FinanceError, fee_rules};

/// Who remits the service tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Remitter {
    /// The seller, who is paid it.
    Seller,
    /// The platform, which keeps it for the authorities.
    Platform,
}

/// A change of the merchant of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MorChange {
    /// Normalised city code.
    pub city: String,
    /// Who remits from then on.
    pub remitter: Remitter,
    /// From when; none is at once.
    pub valid_from: Option<DateTime<Utc>>,
}

/// True when the platform remits the service tax of the city now. A city without a version leaves it to the seller.
pub(crate) async fn platform_remits(unit: &mut Unit, city: &str) -> Result<bool, sqlx::Error> {
    Ok(remitter_at(unit, city).await? == Remitter::Platform)
}

async fn remitter_at(unit: &mut Unit, city: &str) -> Result<Remitter, sqlx::Error> {
    let now = unit.now();
    let found: Option<(Remitter,)> = sqlx::query_as(
        "select remitter from finance.merchant_of_record
         where city = $1 and valid_from <= $2 and (valid_until is null or valid_until > $2)",
    )
    .bind(city)
    .bind(now)
    .fetch_optional(unit.conn())
    .await?;
    Ok(found.map_or(Remitter::Seller, |(remitter,)| remitter))
}

/// A platform that remits must know what: the city's service has to be taxed by the provider in use.
fn check(taxes: &dyn TaxQuotes, change: &MorChange) -> Result<(), FinanceError> {
    let quote = taxes.quote(&change.city, TaxKind::Service, Cents(100_000));
    let quote = quote.map_err(|_| FinanceError::MorMisconfigured("no tax rates are known for the city"))?;
    match change.remitter {
        Remitter::Platform if quote.amount_cents == Cents::ZERO => {
            Err(FinanceError::MorMisconfigured("services are not taxed in the city"))
        }
        Remitter::Platform | Remitter::Seller => Ok(()),
    }
}

/// Changes who remits a city's service tax, with two people. Orders priced before keep what they have.
/// Errors: `FORBIDDEN`, `MOR_MISCONFIGURED`, `INPUT_INVALID` when it is to begin in the past or before the last version.
pub async fn set(
    store: &Store,
    taxes: &dyn TaxQuotes,
    caller: &Caller,
    change: &MorChange,
    reason: &str,
) -> Result<Approval, ApiError> {
    caller.actor.require(Permission::FinanceConfigure)?;
    check(taxes, change)?;
    let mut unit = store.unit(caller).await?;
    let from = fee_rules::begins(&unit, change.valid_from)?;
    let asked = Asked { operation: "adminSetMor", target: &change.city, payload: change, reason };
    let approval = approval::second_person(&mut unit, asked).await?;
    if let Approval::Given { .. } = approval {
        let before = remitter_at(&mut unit, &change.city).await?;
        let version = next_version(&mut unit, &change.city, from).await?;
        sqlx::query(
            "insert into finance.merchant_of_record (city, version, remitter, valid_from) values ($1, $2, $3, $4)",
        )
        .bind(&change.city)
        .bind(version)
        .bind(change.remitter)
        .bind(from)
        .execute(unit.conn())
        .await?;
        let details =
            json!({ "reason": reason, "before": before, "after": change.remitter, "version": version });
        unit.audit("mor.set", &change.city, details);
    }
    unit.commit().await?;
    Ok(approval)
}

/// Ends the version that holds and answers with the number of the next.
async fn next_version(unit: &mut Unit, city: &str, from: DateTime<Utc>) -> Result<i32, FinanceError> {
    let last: Option<(i32, DateTime<Utc>)> = sqlx::query_as(
        "select version, valid_from from finance.merchant_of_record where city = $1
         order by version desc limit 1 for update",
    )
    .bind(city)
    .fetch_optional(unit.conn())
    .await?;
    let Some((version, began)) = last else { return Ok(1) };
    if began >= from {
        return Err(FinanceError::Invalid {
            field: "validFrom",
            problem: "must be later than the version before",
        });
    }
    sqlx::query("update finance.merchant_of_record set valid_until = $3 where city = $1 and version = $2")
        .bind(city)
        .bind(version)
        .bind(from)
        .execute(unit.conn())
        .await?;
    Ok(version + 1)
}

#[cfg(test)]
mod tests {
    use rastup_providers::tax::{RateTable, TaxQuote, UnknownCity};

    use super::*;

    struct Untaxed;

    impl TaxQuotes for Untaxed {
        fn quote(&self, _: &str, _: TaxKind, _: Cents) -> Result<TaxQuote, UnknownCity> {
            Ok(TaxQuote {
                amount_cents: Cents::ZERO,
                lines: Vec::new(),
                provider: "none".to_owned(),
                provider_reference: "none".to_owned(),
            })
        }
    }

    #[test]
    fn a_platform_remits_only_what_is_taxed() {
        let of = |city: &str, remitter| MorChange { city: city.to_owned(), remitter, valid_from: None };
        assert!(check(&RateTable, &of("houston", Remitter::Platform)).is_ok());
        assert!(check(&RateTable, &of("atlantis", Remitter::Seller)).is_err());
        assert!(check(&Untaxed, &of("houston", Remitter::Platform)).is_err());
        assert!(check(&Untaxed, &of("houston", Remitter::Seller)).is_ok());
    }
}
