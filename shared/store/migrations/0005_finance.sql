-- Money: what buyers are charged, what sellers are paid, the tax and fees between, and the ledger of all of it.
-- Amounts are integer cents of the row's currency, rates basis points. Ids of other contexts are plain text.
create schema finance;
create extension if not exists btree_gist;

-- The platform's fee by city and role; `studio` is the role of a place. Two rules never hold at the same time.
create table finance.fee_rule (
    fee_rule_id text primary key,
    city text not null,
    role text not null check (role in ('model', 'photographer', 'videographer', 'creator', 'fansub', 'studio')),
    rate_bps integer not null check (rate_bps between 0 and 10000),
    floor_cents bigint not null check (floor_cents >= 0),
    ceiling_cents bigint not null,
    version integer not null check (version > 0),
    valid_from timestamptz not null,
    valid_until timestamptz,
    check (ceiling_cents >= floor_cents),
    check (valid_until > valid_from),
    unique (city, role, version),
    constraint fee_rule_one_at_a_time
        exclude using gist (city with =, role with =, tstzrange(valid_from, valid_until) with &&)
);

-- Rules of the launch cities.
insert into finance.fee_rule (fee_rule_id, city, role, rate_bps, floor_cents, ceiling_cents, version, valid_from)
select 'fer_' || md5(city || ':' || role || ':1'), city, role, rate_bps, floor_cents, ceiling_cents, 1,
       timestamptz '2025-01-01 00:00:00+00'
from (values ('houston', 1000, 500, 25000, 800, 400, 15000),
             ('los_angeles', 1200, 750, 30000, 1000, 600, 20000))
         as launch (city, person_bps, person_floor, person_ceiling, studio_bps, studio_floor, studio_ceiling),
     lateral (values ('model', person_bps, person_floor, person_ceiling),
                     ('photographer', person_bps, person_floor, person_ceiling),
                     ('videographer', person_bps, person_floor, person_ceiling),
                     ('creator', person_bps, person_floor, person_ceiling),
                     ('studio', studio_bps, studio_floor, studio_ceiling))
         as rule (role, rate_bps, floor_cents, ceiling_cents);

-- Stripe's customer of a buyer.
create table finance.customer (
    user_id text primary key,
    processor_customer text not null unique,
    created_at timestamptz not null
);

-- Stripe's account of a seller, and the standing that decides how long payouts wait.
create table finance.payout_policy (
    standing text primary key,
    hold_days integer not null check (hold_days between 0 and 90)
);
insert into finance.payout_policy (standing, hold_days) values ('new', 7), ('trusted', 1), ('default', 2);

create table finance.connect_account (
    seller_user_id text primary key,
    account_id text not null unique check (account_id like 'acct\_%'),
    standing text not null default 'default' references finance.payout_policy,
    created_at timestamptz not null default now()
);

-- Money taken from the buyer for one order. `undo_started_at` fences it: no later step may take or count the money.
create table finance.charge (
    charge_id text primary key,
    lbg_id text not null,
    buyer_user_id text not null,
    method text not null check (method in ('card', 'ach_debit')),
    status text not null check (status in ('requires_action', 'failed', 'processing', 'authorized', 'capturing',
        'captured', 'succeeded', 'undoing', 'canceled', 'refunded')),
    amount_cents bigint not null check (amount_cents > 0),
    captured_cents bigint not null default 0,
    refunded_cents bigint not null default 0,
    currency text not null check (currency = 'USD'),
    payment_intent_id text unique,
    intent_status text,
    processor_charge_id text unique,
    last_error_code text,
    undo_started_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- The whole amount is taken, or nothing; what is returned was taken before.
    check (captured_cents in (0, amount_cents)),
    check (refunded_cents between 0 and captured_cents),
    check (method = 'ach_debit' or status <> 'succeeded'),
    check (method = 'card' or status not in ('authorized', 'capturing', 'captured')),
    check (status not in ('captured', 'succeeded') or captured_cents = amount_cents),
    check (status not in ('requires_action', 'failed', 'processing', 'authorized', 'capturing', 'canceled')
           or captured_cents = 0),
    check (status <> 'refunded' or refunded_cents = captured_cents),
    check ((status in ('undoing', 'refunded')) <= (undo_started_at is not null))
);
-- An order has one live charge; one that was given up makes room for another.
create unique index charge_one_live_per_lbg on finance.charge (lbg_id)
    where status not in ('canceled', 'refunded');
create index charge_by_lbg on finance.charge (lbg_id, created_at desc);

-- The part of a charge that pays one leg, and what that part is made of.
create table finance.charge_split (
    charge_id text not null references finance.charge,
    leg_id text not null,
    seller_user_id text not null,
    amount_cents bigint not null check (amount_cents > 0),
    seller_subtotal_cents bigint not null check (seller_subtotal_cents >= 0),
    service_tax_cents bigint not null check (service_tax_cents >= 0),
    platform_fee_cents bigint not null check (platform_fee_cents >= 0),
    platform_fee_tax_cents bigint not null check (platform_fee_tax_cents >= 0),
    primary key (charge_id, leg_id),
    constraint charge_split_adds_up check (amount_cents = seller_subtotal_cents + service_tax_cents
        + platform_fee_cents + platform_fee_tax_cents)
);
create index charge_split_by_leg on finance.charge_split (leg_id);
create trigger charge_split_is_append_only before update or delete on finance.charge_split
    for each row execute function platform.refuse_change();

-- At the end of each transaction the splits of a charge make the charge.
create function finance.check_splits() returns trigger language plpgsql as $$
declare
    stated bigint;
    parts bigint;
begin
    select amount_cents into stated from finance.charge where charge_id = new.charge_id;
    select coalesce(sum(amount_cents), 0) into parts from finance.charge_split where charge_id = new.charge_id;
    if parts <> stated then
        raise exception 'splits of % make % cents, the charge says %', new.charge_id, parts, stated
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
create constraint trigger charge_has_splits after insert or update of amount_cents on finance.charge
    deferrable initially deferred for each row execute function finance.check_splits();
create constraint trigger splits_make_charge after insert on finance.charge_split
    deferrable initially deferred for each row execute function finance.check_splits();

-- Tax of one leg: quoted while the order is a draft, committed by the confirmation, voided when that is undone.
create table finance.tax_txn (
    tax_txn_id text primary key,
    leg_id text not null,
    kind text not null check (kind in ('service', 'platform_fee')),
    provider text not null,
    provider_reference text not null,
    jurisdictions jsonb not null,
    quote_cents bigint not null check (quote_cents >= 0),
    charge_id text references finance.charge,
    committed_at timestamptz,
    created_at timestamptz not null,
    check ((committed_at is null) = (charge_id is null)),
    unique (leg_id, kind)
);

-- Money returned for one leg. One return at Stripe can cover several legs.
create table finance.refund (
    refund_id text primary key,
    charge_id text not null references finance.charge,
    lbg_id text not null,
    leg_id text not null,
    amount_cents bigint not null check (amount_cents > 0),
    reason text not null check (reason in ('confirmation_undone')),
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    processor_refund text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (charge_id, leg_id) references finance.charge_split (charge_id, leg_id)
);
create index refund_by_leg on finance.refund (leg_id);
create index refund_by_processor on finance.refund (processor_refund);
create unique index refund_undo_once on finance.refund (charge_id, leg_id) where reason = 'confirmation_undone';

-- A transfer to one seller for one leg.
create table finance.payout (
    payout_id text primary key,
    charge_id text not null,
    lbg_id text not null,
    leg_id text not null unique,
    seller_user_id text not null,
    amount_cents bigint not null check (amount_cents > 0),
    currency text not null check (currency = 'USD'),
    status text not null check (status in ('queued', 'in_transit', 'paid', 'failed', 'canceled', 'paused')),
    scheduled_for timestamptz not null,
    transfer_id text unique,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    foreign key (charge_id, leg_id) references finance.charge_split (charge_id, leg_id),
    check (status not in ('in_transit', 'paid') or transfer_id is not null)
);
create index payout_by_lbg on finance.payout (lbg_id);

-- When the platform's fee of a leg became revenue (§1.9.C): deferred at capture, then earned or reversed.
create table finance.fee_ledger (
    fee_entry_id text primary key,
    charge_id text not null,
    leg_id text not null,
    stage text not null check (stage in ('deferred', 'earned', 'reversed')),
    platform_fee_cents bigint not null check (platform_fee_cents >= 0),
    platform_fee_tax_cents bigint not null check (platform_fee_tax_cents >= 0),
    reason text not null check (reason in ('confirm', 'complete', 'refund')),
    created_at timestamptz not null,
    unique (charge_id, leg_id, stage),
    foreign key (charge_id, leg_id) references finance.charge_split (charge_id, leg_id)
);
create trigger fee_ledger_is_append_only before update or delete on finance.fee_ledger
    for each row execute function platform.refuse_change();

-- Chart of accounts (§1.9.D).
create table finance.gl_account (
    account text primary key,
    kind text not null check (kind in ('asset', 'liability', 'revenue', 'expense'))
);
insert into finance.gl_account (account, kind) values
    ('Cash:Stripe', 'asset'),
    ('Liability:SellerPayable', 'liability'),
    ('Liability:TaxPayable:PlatformFeeTax', 'liability'),
    ('Deferred:PlatformFees', 'liability'),
    ('Revenue:PlatformFees', 'revenue');

-- One movement of money: a journal and its lines, written together and never changed.
create table finance.gl_journal (
    journal_id text primary key,
    kind text not null check (kind in ('capture', 'earn', 'payout', 'refund')),
    source_id text not null,
    lbg_id text not null,
    ext_ref text,
    occurred_at timestamptz not null,
    -- A movement is written once, however often its cause is delivered.
    unique (kind, source_id)
);
create index gl_journal_by_lbg on finance.gl_journal (lbg_id);

create table finance.gl_entry (
    gl_id text primary key,
    journal_id text not null references finance.gl_journal,
    account text not null references finance.gl_account,
    leg_id text,
    debit_cents bigint not null check (debit_cents >= 0),
    credit_cents bigint not null check (credit_cents >= 0),
    check ((debit_cents = 0) <> (credit_cents = 0))
);
create index gl_entry_by_journal on finance.gl_entry (journal_id);
create index gl_entry_by_leg on finance.gl_entry (leg_id);

create trigger gl_journal_is_append_only before update or delete on finance.gl_journal
    for each row execute function platform.refuse_change();
create trigger gl_entry_is_append_only before update or delete on finance.gl_entry
    for each row execute function platform.refuse_change();

-- At the end of each transaction the debits of a journal make its credits, and neither is nothing.
create function finance.check_balance() returns trigger language plpgsql as $$
declare
    debits bigint;
    credits bigint;
begin
    select coalesce(sum(debit_cents), 0), coalesce(sum(credit_cents), 0) into debits, credits
    from finance.gl_entry where journal_id = new.journal_id;
    if debits <> credits or debits = 0 then
        raise exception 'journal % has % cents of debits and % of credits', new.journal_id, debits, credits
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end $$;
create constraint trigger journal_balances after insert on finance.gl_journal
    deferrable initially deferred for each row execute function finance.check_balance();
create constraint trigger entries_balance after insert on finance.gl_entry
    deferrable initially deferred for each row execute function finance.check_balance();

-- What was agreed and paid, as it was at the confirmation: one receipt per leg and one per order (no leg).
create table finance.receipt (
    receipt_id text primary key,
    lbg_id text not null,
    leg_id text unique,
    charge_id text not null references finance.charge,
    buyer_user_id text not null,
    seller_user_id text,
    snapshot jsonb not null,
    issued_at timestamptz not null,
    pdf_key text,
    pdf_sha256 text check (pdf_sha256 ~ '^[0-9a-f]{64}$'),
    check ((leg_id is null) = (seller_user_id is null)),
    check ((pdf_key is null) = (pdf_sha256 is null))
);
create unique index receipt_one_per_lbg on finance.receipt (lbg_id) where leg_id is null;
create index receipt_by_lbg on finance.receipt (lbg_id);

-- A receipt is frozen; only its PDF is added, once.
create function finance.keep_receipt() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE'
        or (to_jsonb(new) - '{pdf_key,pdf_sha256}'::text[]) <> (to_jsonb(old) - '{pdf_key,pdf_sha256}'::text[])
        or (old.pdf_key is not null and (new.pdf_key, new.pdf_sha256) is distinct from (old.pdf_key, old.pdf_sha256))
    then
        raise exception 'receipt is frozen' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger receipt_is_frozen before update or delete on finance.receipt
    for each row execute function finance.keep_receipt();
