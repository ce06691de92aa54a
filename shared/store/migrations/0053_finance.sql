-- Monthly statements of buyers and sellers: made once, from the books of the month.
create table finance.statement (
    statement_id text primary key,
    user_id text not null,
    kind text not null check (kind in ('buyer', 'seller')),
    period text not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
    total_cents bigint not null,
    rows integer not null check (rows > 0),
    csv_key text not null,
    pdf_key text not null,
    created_at timestamptz not null,
    unique (user_id, kind, period)
);
