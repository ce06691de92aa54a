-- What every context shares: outbox, idempotency records, webhook inbox and the audit trail.
create schema platform;

-- Events committed with the change that they tell of, published afterwards at least once.
create table platform.outbox (
    event_id text primary key,
    seq bigint generated always as identity,
    source text not null,
    event text not null,
    detail jsonb not null,
    created_at timestamptz not null,
    leased_until timestamptz,
    published_at timestamptz,
    attempts integer not null default 0
);
create index outbox_unpublished on platform.outbox (seq) where published_at is null;

-- The answer to a client's first call, for its repetitions (bound to caller, operation and payload).
create table platform.idempotency_record (
    actor text not null,
    operation text not null,
    request_key text not null,
    payload_sha256 text not null,
    response jsonb,
    created_at timestamptz not null,
    primary key (actor, operation, request_key)
);

-- Webhooks as received, before anything is done with them.
create table platform.webhook_inbox (
    inbox_id text primary key,
    provider text not null,
    provider_event_id text not null,
    kind text not null,
    body jsonb not null,
    received_at timestamptz not null,
    processed_at timestamptz,
    outcome text check (outcome in ('applied', 'ignored')),
    unique (provider, provider_event_id)
);

-- Append-only, hash-chained: each row's hash covers the row and the hash before it (§1.18.H).
create table platform.audit_log (
    seq bigint primary key,
    audit_id text not null unique,
    occurred_at timestamptz not null,
    actor text not null,
    action text not null,
    target text not null,
    details jsonb not null,
    corr_id text not null,
    prev_hash text not null,
    hash text not null
);

create function platform.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

create trigger audit_log_is_append_only before update or delete on platform.audit_log
    for each row execute function platform.refuse_change();
