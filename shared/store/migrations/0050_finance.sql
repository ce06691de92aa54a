-- Buyers' wallets: marketplace credit from refunds, goodwill and referrals. It pays at checkout and is never paid out.
-- Advertising credits and fee credits are other ledgers; no row here ever came from one.

create table finance.wallet_account (
    wallet_id text primary key,
    user_id text not null,
    currency text not null default 'USD' check (currency = 'USD'),
    balance_cents bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (user_id, currency),
    constraint wallet_account_is_never_overdrawn check (balance_cents >= 0)
);

-- A movement; `amount_cents` is positive, `delta_cents` what it does to the balance.
create table finance.wallet_txn (
    wallet_txn_id text primary key,
    wallet_id text not null references finance.wallet_account,
    kind text not null check (kind in ('credit', 'debit', 'adjustment')),
    source text not null check (source in ('refund_residual', 'goodwill', 'referral', 'checkout_apply', 'reversal')),
    amount_cents bigint not null check (amount_cents > 0),
    delta_cents bigint not null,
    balance_after_cents bigint not null check (balance_after_cents >= 0),
    lbg_id text,
    leg_id text,
    charge_id text references finance.charge,
    note text check (length(note) <= 1000),
    -- A movement is made once, however often its cause is delivered.
    idempotency_key text not null,
    created_by text not null,
    created_at timestamptz not null,
    check (abs(delta_cents) = amount_cents),
    check (kind = 'adjustment' or (kind = 'credit') = (delta_cents > 0)),
    check ((source in ('checkout_apply', 'reversal')) <= (charge_id is not null))
);
create unique index wallet_txn_once on finance.wallet_txn (idempotency_key);
create index wallet_txn_by_wallet on finance.wallet_txn (wallet_id, wallet_txn_id desc);
create index wallet_txn_by_admin on finance.wallet_txn (created_by, created_at) where source = 'goodwill';
create index wallet_txn_by_time on finance.wallet_txn (created_at);
create trigger wallet_txn_is_append_only before update or delete on finance.wallet_txn
    for each row execute function platform.refuse_change();

-- What a buyer asked the wallet to pay of an order; debited in the transaction that opens the charge. The price is the
-- one it was asked for: another price makes it stale.
create table finance.checkout_wallet (
    lbg_id text primary key,
    user_id text not null,
    max_cents bigint not null check (max_cents > 0),
    applied_cents bigint not null check (applied_cents > 0 and applied_cents <= max_cents),
    price_cents bigint not null check (price_cents > applied_cents),
    applied_at timestamptz not null
);
