-- Actions of staff that need two people: what the first asked for, and who decided.
create table platform.admin_approval (
    approval_id text primary key,
    operation text not null,
    target text not null,
    -- What will be done, exactly; the second person approves this and nothing else.
    payload jsonb not null,
    payload_sha256 text not null,
    reason text not null check (length(reason) between 1 and 1000),
    requested_by text not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    decided_by text,
    decided_at timestamptz,
    decision text check (decision in ('approved', 'rejected')),
    check ((decided_by is null) = (decided_at is null) and (decided_by is null) = (decision is null)),
    -- Two people are two people.
    constraint admin_approval_needs_another_person check (decided_by <> requested_by),
    check (expires_at > requested_at)
);
-- The same action waits once.
create unique index admin_approval_waits_once on platform.admin_approval (operation, target, payload_sha256)
    where decision is null;
create index admin_approval_open on platform.admin_approval (requested_at) where decision is null;
