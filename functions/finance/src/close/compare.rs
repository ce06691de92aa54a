//! The comparison of a day as statements over sets, so that a million lines close in seconds and in the database's memory.

use rastup_store::{Unit, sqlx};
use rastup_types::{Cents, ReconRunId};

use super::{Day, Found};

/// What a comparison came to; cents.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Sums {
    /// Stripe's movements of the day, before fees.
    pub(super) processor: Cents,
    /// Our cash movements of the day, without fees.
    pub(super) ledger: Cents,
    /// Stripe's movements without their signs.
    pub(super) volume: Cents,
}

/// Writes the run's variances and answers with its sums. `Found` leaves out what is quarantined.
pub(super) async fn compare(
    unit: &mut Unit,
    run_id: ReconRunId,
    day: &Day,
) -> Result<(Sums, Found, i32), sqlx::Error> {
    cash(unit, run_id, day).await?;
    duplicates(unit, run_id, day).await?;
    agreements(unit, run_id, day).await?;
    set_aside(unit, run_id).await?;
    let (differences, greatest, count): (Cents, Cents, i32) = sqlx::query_as(
        "select coalesce(sum(abs(ours_cents - theirs_cents)), 0)::bigint,
             coalesce(max(abs(ours_cents - theirs_cents)), 0)::bigint, count(*)::int
         from finance.recon_variance where run_id = $1 and status = 'open'",
    )
    .bind(run_id)
    .fetch_one(unit.conn())
    .await?;
    let sums = sums(unit, day).await?;
    Ok((sums, Found { volume: sums.volume, differences, greatest }, count))
}

/// Cash by reference: what Stripe moved under a name, against what our journals moved under it. A name of the day on either
/// side counts with all its movements, so that midnight between the two is no difference.
async fn cash(unit: &mut Unit, run_id: ReconRunId, day: &Day) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with named as (
             -- The undo of a capture is written under its PaymentIntent; Stripe names the refund.
             select j.journal_id, j.occurred_at,
                 coalesce(case when j.kind = 'refund' and j.ext_ref like 'pi\\_%' then
                     (select min(r.processor_refund) from finance.refund r where r.charge_id = j.source_id) end,
                     j.ext_ref, j.journal_id) as reference
             from finance.gl_journal j where j.kind <> 'processing_fee'
         ), touched as (
             select distinct reference from finance.processor_txn where created_at >= $2 and created_at < $3
             union
             select distinct n.reference from named n
             where n.occurred_at >= $2 and n.occurred_at < $3 and exists (select from finance.gl_entry e
                 where e.journal_id = n.journal_id and e.account = 'Cash:Stripe')
         ), ours as (
             select n.reference, sum(e.debit_cents - e.credit_cents)::bigint as cents
             from touched join named n using (reference) join finance.gl_entry e using (journal_id)
             where e.account = 'Cash:Stripe' group by n.reference
         ), theirs as (
             select p.reference, sum(p.amount_cents)::bigint as cents
             from touched join finance.processor_txn p using (reference) group by p.reference
         )
         insert into finance.recon_variance
             (variance_id, run_id, checked, kind, reference, ours_cents, theirs_cents, status)
         select 'vrn_' || md5($1 || 'cash' || reference), $1, 'cash',
             case when o.cents is null then 'missing_at_ours' when t.cents is null then 'missing_at_theirs'
                 else 'amount_differs' end,
             reference, coalesce(o.cents, 0), coalesce(t.cents, 0), 'open'
         from ours o full join theirs t using (reference)
         where coalesce(o.cents, 0) <> coalesce(t.cents, 0)",
    )
    .bind(run_id)
    .bind(day.from_at)
    .bind(day.until_at)
    .execute(unit.conn())
    .await?;
    // Fees by movement.
    sqlx::query(
        "insert into finance.recon_variance
             (variance_id, run_id, checked, kind, reference, ours_cents, theirs_cents, status)
         select 'vrn_' || md5($1 || 'fee' || p.txn_id), $1, 'fee',
             case when j.journal_id is null then 'missing_at_ours' else 'amount_differs' end,
             p.txn_id, coalesce(e.cents, 0), p.fee_cents, 'open'
         from finance.processor_txn p
         left join finance.gl_journal j on j.kind = 'processing_fee' and j.source_id = p.txn_id
         left join lateral (select sum(credit_cents - debit_cents)::bigint as cents from finance.gl_entry
             where journal_id = j.journal_id and account = 'Cash:Stripe') e on true
         where p.created_at >= $2 and p.created_at < $3 and coalesce(e.cents, 0) <> p.fee_cents",
    )
    .bind(run_id)
    .bind(day.from_at)
    .bind(day.until_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// A payment, refund or transfer that Stripe moved twice.
async fn duplicates(unit: &mut Unit, run_id: ReconRunId, day: &Day) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into finance.recon_variance
             (variance_id, run_id, checked, kind, reference, ours_cents, theirs_cents, status)
         select 'vrn_' || md5($1 || 'duplicate' || kind || source), $1, 'duplicate', 'duplicate', source,
             min(amount_cents), sum(amount_cents)::bigint, 'open'
         from finance.processor_txn
         where kind in ('charge', 'payment', 'refund', 'payment_refund', 'transfer') and source is not null
             and source in (select source from finance.processor_txn where created_at >= $2 and created_at < $3)
         group by kind, source having count(*) > 1",
    )
    .bind(run_id)
    .bind(day.from_at)
    .bind(day.until_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// What has to agree within our own books (§1.3.V.3): splits make their charge, a charge that was taken names its payment
/// at Stripe, tax that was taken is committed, payouts left as they were queued, the wallets make their account.
async fn agreements(unit: &mut Unit, run_id: ReconRunId, day: &Day) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with taken as (
             select c.charge_id, c.purpose, c.status, c.amount_cents, c.captured_cents, c.payment_intent_id,
                 sum(s.amount_cents - s.wallet_cents - s.credit_cents)::bigint as parts,
                 sum(s.service_tax_cents + s.platform_fee_tax_cents)::bigint as tax
             from finance.gl_journal j join finance.charge c on c.charge_id = j.source_id
             join finance.charge_split s using (charge_id)
             where j.kind = 'capture' and j.occurred_at >= $2 and j.occurred_at < $3
             group by c.charge_id
         ), committed as (
             select x.charge_id, sum(x.quote_cents)::bigint as cents
             from finance.tax_txn x join taken using (charge_id) group by x.charge_id
         ), held (checked, reference, ours, theirs) as (
             select 'splits', charge_id, parts, amount_cents from taken
             union all
             select 'external_id', charge_id, captured_cents,
                 case when payment_intent_id is null then 0 else captured_cents end from taken
             union all
             select 'tax', t.charge_id, coalesce(m.cents, 0), t.tax from taken t left join committed m using (charge_id)
             where t.purpose = 'booking' and t.status in ('captured', 'succeeded')
             union all
             select 'payout', p.payout_id, sum(e.credit_cents)::bigint, p.amount_cents
             from finance.gl_journal j join finance.payout p on p.payout_id = j.source_id
             join finance.gl_entry e on e.journal_id = j.journal_id and e.account = 'Cash:Stripe'
             where j.kind = 'payout' and j.occurred_at >= $2 and j.occurred_at < $3
             group by p.payout_id
             union all
             select 'wallet', 'wallets', a.cents + d.cents, l.cents
             from (select coalesce(sum(balance_cents), 0)::bigint as cents from finance.wallet_account) a,
                  (select coalesce(sum(t.amount_cents), 0)::bigint as cents
                   from finance.wallet_txn t join finance.charge c using (charge_id)
                   where t.source = 'checkout_apply' and c.captured_cents = 0
                       and c.status not in ('canceled', 'refunded')) d,
                  (select coalesce(sum(credit_cents - debit_cents), 0)::bigint as cents from finance.gl_entry
                   where account = 'Liability:BuyerWallet') l
         )
         insert into finance.recon_variance
             (variance_id, run_id, checked, kind, reference, ours_cents, theirs_cents, status)
         select 'vrn_' || md5($1 || checked || reference), $1, checked, 'amount_differs', reference, ours, theirs, 'open'
         from held where ours <> theirs",
    )
    .bind(run_id)
    .bind(day.from_at)
    .bind(day.until_at)
    .execute(unit.conn())
    .await?;
    Ok(())
}

/// Marks what two people set aside before.
async fn set_aside(unit: &mut Unit, run_id: ReconRunId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update finance.recon_variance v set status = 'quarantined' from finance.recon_quarantine q
         where v.run_id = $1 and q.checked = v.checked and q.reference = v.reference
             and q.difference_cents = v.ours_cents - v.theirs_cents",
    )
    .bind(run_id)
    .execute(unit.conn())
    .await?;
    Ok(())
}

async fn sums(unit: &mut Unit, day: &Day) -> Result<Sums, sqlx::Error> {
    sqlx::query_as(
        "select p.processor, p.volume, l.ledger
         from (select coalesce(sum(amount_cents), 0)::bigint as processor,
                   coalesce(sum(abs(amount_cents)), 0)::bigint as volume
               from finance.processor_txn where created_at >= $1 and created_at < $2) p,
              (select coalesce(sum(e.debit_cents - e.credit_cents), 0)::bigint as ledger
               from finance.gl_journal j join finance.gl_entry e using (journal_id)
               where j.occurred_at >= $1 and j.occurred_at < $2 and j.kind <> 'processing_fee'
                   and e.account = 'Cash:Stripe') l",
    )
    .bind(day.from_at)
    .bind(day.until_at)
    .fetch_one(unit.conn())
    .await
}
