-- The ground that changes, endings, payouts, disputes and the close stand on: charges beyond the order's first, what the
-- wallet and credits paid, several payouts of one leg, and the whole chart of accounts.

-- A charge pays the order, a change of it, or a tip. Only the first of these is one per order.
alter table finance.charge
    add column purpose text not null default 'booking' check (purpose in ('booking', 'amendment', 'tip')),
    -- The amendment or tip that it pays.
    add column source_id text,
    add constraint charge_source_is_named check ((purpose = 'booking') = (source_id is null));
drop index finance.charge_one_live_per_lbg;
create unique index charge_one_live_per_lbg on finance.charge (lbg_id)
    where purpose = 'booking' and status not in ('canceled', 'refunded');
create unique index charge_one_live_per_source on finance.charge (purpose, source_id)
    where purpose <> 'booking' and status not in ('canceled', 'refunded');

-- The part of a leg that the buyer's wallet and promotional credits pay; the rest is charged. Credits pay platform fees
-- only (§1.22.9).
alter table finance.charge_split
    add column wallet_cents bigint not null default 0 check (wallet_cents >= 0),
    add column credit_cents bigint not null default 0 check (credit_cents >= 0),
    add constraint charge_split_credit_pays_fees_only check (credit_cents <= platform_fee_cents),
    add constraint charge_split_is_not_overpaid check (wallet_cents + credit_cents <= amount_cents);

create or replace function finance.check_splits() returns trigger language plpgsql as $$
declare
    stated bigint;
    parts bigint;
begin
    select amount_cents into stated from finance.charge where charge_id = new.charge_id;
    select coalesce(sum(amount_cents - wallet_cents - credit_cents), 0) into parts
    from finance.charge_split where charge_id = new.charge_id;
    if parts <> stated then
        raise exception 'splits of % make % cents, the charge says %', new.charge_id, parts, stated
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;

-- A leg is paid out in parts: its price, and what changes and tips add. `part` is `leg`, or the id of the amendment,
-- milestone or tip.
alter table finance.payout drop constraint payout_leg_id_key;
alter table finance.payout add column part text not null default 'leg';
create unique index payout_once_per_part on finance.payout (leg_id, part);

-- Chart of accounts (§1.9.D), complete.
alter table finance.gl_account drop constraint gl_account_kind_check;
alter table finance.gl_account
    add constraint gl_account_kind_check check (kind in ('asset', 'liability', 'revenue', 'expense'));
insert into finance.gl_account (account, kind) values
    ('Cash:Bank', 'asset'),
    ('Receivable:Sellers', 'asset'),
    ('Suspense:Reconciliation', 'asset'),
    ('Liability:SellerReserve', 'liability'),
    ('Liability:TaxPayable:ServiceTax', 'liability'),
    ('Liability:BuyerWallet', 'liability'),
    ('Liability:RefundsDue', 'liability'),
    ('Revenue:InstantPayoutFees', 'revenue'),
    ('Revenue:CancellationFees', 'revenue'),
    ('Expense:PaymentProcessing', 'expense'),
    ('Expense:Chargebacks', 'expense'),
    ('Expense:Goodwill', 'expense'),
    ('Expense:PromotionalCredits', 'expense');

-- Journals beyond one order: wallet credits, reserves, corrections.
alter table finance.gl_journal alter column lbg_id drop not null;
alter table finance.gl_journal drop constraint gl_journal_kind_check;
alter table finance.gl_journal add constraint gl_journal_kind_check check (kind in (
    'capture', 'processing_fee', 'earn', 'payout', 'payout_reversal', 'bank_payout', 'refund', 'refund_failed',
    'chargeback', 'chargeback_won', 'clawback', 'deposit_capture', 'tip', 'wallet_credit', 'wallet_reversal',
    'reserve_hold', 'reserve_release', 'instant_payout_fee', 'adjustment'));
alter table finance.gl_journal add column memo text;
create index gl_journal_by_time on finance.gl_journal (occurred_at, journal_id);
