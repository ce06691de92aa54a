//! What a wallet pays of a checkout: asked for while the order is open, spread over its legs, debited with the charge.

use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, LbgId, UserId};

use super::lock;
use crate::{FinanceError, Split};

/// What always stays on the card or bank account, cents: the least that the processor takes.
pub const CHARGE_MIN: Cents = Cents(50);

/// How much of what is asked for is applied: no more than the balance, and the least charge stays.
fn applicable(max: Cents, balance: Cents, price: Cents) -> Cents {
    max.min(balance).min(price - CHARGE_MIN).max(Cents::ZERO)
}

/// Asks the wallet to pay up to `max` of an order at its present price; nothing takes an earlier request back. Answers with
/// what is applied. The caller has locked the order and knows that it is the user's own.
/// Errors: `WALLET_INSUFFICIENT_FUNDS` when the wallet is empty, `INPUT_INVALID` for a negative amount.
pub async fn apply(
    unit: &mut Unit,
    lbg_id: LbgId,
    user_id: UserId,
    price: Cents,
    max: Cents,
) -> Result<Cents, FinanceError> {
    if max < Cents::ZERO {
        return Err(FinanceError::Invalid { field: "maxCents", problem: "must not be negative" });
    }
    sqlx::query("delete from finance.checkout_wallet where lbg_id = $1")
        .bind(lbg_id)
        .execute(unit.conn())
        .await?;
    if max == Cents::ZERO {
        return Ok(Cents::ZERO);
    }
    let (_, balance) = lock(unit, user_id).await?;
    if balance == Cents::ZERO {
        return Err(FinanceError::WalletInsufficient { available: balance });
    }
    let (applied, now) = (applicable(max, balance, price), unit.now());
    if applied == Cents::ZERO {
        return Ok(applied);
    }
    sqlx::query(
        "insert into finance.checkout_wallet (lbg_id, user_id, max_cents, applied_cents, price_cents, applied_at)
         values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(lbg_id)
    .bind(user_id)
    .bind(max)
    .bind(applied)
    .bind(price)
    .bind(now)
    .execute(unit.conn())
    .await?;
    Ok(applied)
}

/// What is applied to an order, cents, whether or not its price has changed since.
pub async fn applied(unit: &mut Unit, lbg_id: LbgId) -> Result<Cents, sqlx::Error> {
    let found: Option<(Cents,)> =
        sqlx::query_as("select applied_cents from finance.checkout_wallet where lbg_id = $1")
            .bind(lbg_id)
            .fetch_optional(unit.conn())
            .await?;
    Ok(found.map_or(Cents::ZERO, |(applied,)| applied))
}

/// Spreads what was applied over the splits of a charge that is about to be opened. Opening it debits the wallet.
/// Error: `WALLET_STALE_APPLY` when the order's price changed since the buyer applied it.
pub async fn fund(unit: &mut Unit, lbg_id: LbgId, splits: &mut [Split]) -> Result<(), FinanceError> {
    let found: Option<(Cents, Cents)> =
        sqlx::query_as("select applied_cents, price_cents from finance.checkout_wallet where lbg_id = $1")
            .bind(lbg_id)
            .fetch_optional(unit.conn())
            .await?;
    let Some((wallet, at_price)) = found else { return Ok(()) };
    let price: Cents = splits.iter().map(|split| split.amount).sum();
    if price != at_price {
        return Err(FinanceError::WalletStale { at_price, price });
    }
    allocate(splits, wallet, Cents::ZERO);
    Ok(())
}

/// Spreads wallet and promotional credit over the legs by largest remainder: credit in proportion to the platform's fees,
/// which is all it may pay; the wallet in proportion to what is left. More than there is to pay is left out.
pub fn allocate(splits: &mut [Split], wallet: Cents, credit: Cents) {
    let fees: Vec<i64> = splits.iter().map(|split| split.platform_fee.0).collect();
    let credit = credit.min(Cents(fees.iter().sum())).max(Cents::ZERO);
    for (split, part) in splits.iter_mut().zip(credit.split(&fees)) {
        split.credit = part;
    }
    let left: Vec<i64> = splits.iter().map(|split| (split.amount - split.credit).0).collect();
    let wallet = wallet.min(Cents(left.iter().sum())).max(Cents::ZERO);
    for (split, part) in splits.iter_mut().zip(wallet.split(&left)) {
        split.wallet = part;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rastup_types::{LegId, id::TypedId};
    use uuid::Uuid;

    use super::*;

    fn split(number: u128, subtotal: i64, tax: i64, fee: i64, fee_tax: i64) -> Split {
        Split {
            leg_id: LegId::from_uuid(Uuid::from_u128(number)),
            seller_user_id: UserId::from_uuid(Uuid::from_u128(number)),
            amount: Cents(subtotal + tax + fee + fee_tax),
            seller_subtotal: Cents(subtotal),
            service_tax: Cents(tax),
            platform_fee: Cents(fee),
            platform_fee_tax: Cents(fee_tax),
            wallet: Cents::ZERO,
            credit: Cents::ZERO,
            platform_remits: false,
        }
    }

    #[test]
    fn fifty_cents_always_stay_on_the_card() {
        for (max, balance, price, applied) in [
            (1_000, 5_000, 10_000, 1_000),
            (9_000, 5_000, 10_000, 5_000),
            (20_000, 20_000, 10_000, 9_950),
            (9_951, 20_000, 10_000, 9_950),
            (100, 100, 50, 0),
            (100, 100, 10, 0),
        ] {
            assert_eq!(
                applicable(Cents(max), Cents(balance), Cents(price)),
                Cents(applied),
                "{max} {balance} {price}"
            );
        }
    }

    #[test]
    fn a_wallet_pays_in_proportion_to_the_legs() {
        let mut splits = [split(1, 45_000, 3_713, 4_500, 371), split(2, 38_500, 3_176, 3_080, 254)];
        allocate(&mut splits, Cents(10_001), Cents(101));
        assert_eq!(splits.map(|split| split.credit.0), [60, 41]);
        assert_eq!(splits.map(|split| split.wallet.0), [5_435, 4_566]);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole_and_no_leg_is_overpaid(
            legs in prop::collection::vec((1i64..900_000, 0i64..90_000, 0i64..30_000, 0i64..3_000), 1..6),
            wallet in 0i64..9_000_000, credit in 0i64..200_000,
        ) {
            let mut splits: Vec<Split> =
                (0u128..).zip(&legs).map(|(n, (a, b, c, d))| split(n, *a, *b, *c, *d)).collect();
            allocate(&mut splits, Cents(wallet), Cents(credit));
            let (fees, price): (i64, i64) =
                splits.iter().fold((0, 0), |(f, p), s| (f + s.platform_fee.0, p + s.amount.0));
            let credited: i64 = splits.iter().map(|split| split.credit.0).sum();
            let paid: i64 = splits.iter().map(|split| split.wallet.0).sum();
            prop_assert_eq!(credited, credit.min(fees));
            prop_assert_eq!(paid, wallet.min(price - credited));
            for split in &splits {
                prop_assert!(split.credit >= Cents::ZERO && split.credit <= split.platform_fee);
                prop_assert!(split.wallet >= Cents::ZERO && split.charged() >= Cents::ZERO);
            }
        }
    }
}
