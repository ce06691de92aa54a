-- The daily close (§1.3.V): what Stripe says moved, compared with our books, day by day.

-- Stripe's balance transactions as they were read; `reference` is what our journals name in `ext_ref`: the PaymentIntent of
-- a payment, otherwise the source.
create table finance.processor_txn (
    txn_id text primary key,
    kind text not null,
    reference text not null,
    source text,
    amount_cents bigint not null,
    fee_cents bigint not null,
    created_at timestamptz not null,
    read_at timestamptz not null
);
create index processor_txn_by_time on finance.processor_txn (created_at);
create index processor_txn_by_reference on finance.processor_txn (reference);
create index gl_journal_by_reference on finance.gl_journal (ext_ref) where ext_ref is not null;

-- One comparison of one day.
create table finance.recon_run (
    run_id text primary key,
    day date not null,
    time_zone text not null,
    from_at timestamptz not null,
    until_at timestamptz not null,
    status text not null check (status in ('running', 'green', 'red', 'failed')),
    processor_cents bigint not null default 0,
    ledger_cents bigint not null default 0,
    volume_cents bigint not null default 0,
    variance_cents bigint not null default 0,
    variances integer not null default 0,
    error_code text,
    started_at timestamptz not null,
    finished_at timestamptz,
    check (until_at > from_at),
    check ((status = 'running') = (finished_at is null))
);
create index recon_run_by_day on finance.recon_run (day, time_zone, started_at desc);

-- A difference that a run found. `quarantined` ones were looked at by two people and do not count.
create table finance.recon_variance (
    variance_id text primary key,
    run_id text not null references finance.recon_run,
    checked text not null,
    kind text not null check (kind in ('missing_at_ours', 'missing_at_theirs', 'amount_differs', 'duplicate')),
    reference text not null,
    ours_cents bigint not null,
    theirs_cents bigint not null,
    status text not null check (status in ('open', 'quarantined')),
    unique (run_id, checked, reference)
);

-- What two people set aside: it stays out of later runs as long as the difference is the same.
create table finance.recon_quarantine (
    checked text not null,
    reference text not null,
    difference_cents bigint not null,
    reason text not null,
    approval_id text not null,
    created_at timestamptz not null,
    primary key (checked, reference, difference_cents)
);

-- A correction of the books by two people; its journal names the reference that it explains.
create table finance.adjustment (
    adjustment_id text primary key,
    journal_id text not null unique references finance.gl_journal,
    debit_account text not null references finance.gl_account,
    credit_account text not null references finance.gl_account,
    amount_cents bigint not null check (amount_cents > 0),
    reference text,
    linked jsonb not null,
    reason text not null,
    requested_by text not null,
    approved_by text not null check (approved_by <> requested_by),
    created_at timestamptz not null,
    check (debit_account <> credit_account)
);
create trigger adjustment_is_append_only before update or delete on finance.adjustment
    for each row execute function platform.refuse_change();

-- Days that are closed, or were until they were reopened with a reason.
create table finance.closed_day (
    day date not null,
    time_zone text not null,
    from_at timestamptz not null,
    until_at timestamptz not null,
    run_id text not null references finance.recon_run,
    closed_at timestamptz not null,
    reopened_at timestamptz,
    reopen_reason text,
    primary key (day, time_zone, closed_at),
    check ((reopened_at is null) = (reopen_reason is null)),
    constraint closed_day_once exclude using gist (tstzrange(from_at, until_at) with &&) where (reopened_at is null)
);

-- Nothing is posted into a closed day but corrections.
create function finance.refuse_closed_day() returns trigger language plpgsql as $$
begin
    if new.kind <> 'adjustment' and exists (
        select from finance.closed_day
        where reopened_at is null and tstzrange(from_at, until_at) @> new.occurred_at)
    then
        raise exception 'the day of % is closed', new.occurred_at using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger gl_journal_not_into_a_closed_day before insert on finance.gl_journal
    for each row execute function finance.refuse_closed_day();

-- Causes for which all payouts stand still.
create table finance.payout_gate (
    gate_id bigint generated always as identity primary key,
    cause text not null,
    stopped_at timestamptz not null,
    resumed_at timestamptz
);
create unique index payout_gate_once on finance.payout_gate (cause) where resumed_at is null;
