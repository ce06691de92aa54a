-- Orders (linked booking groups), their legs, the calendar that sells no time twice, deposits and confirmations.
create extension if not exists btree_gist;
create schema booking;

-- The container of one buyer's order. It has no status of its own: that is derived from the legs.
create table booking.lbg (
    lbg_id text primary key,
    buyer_user_id text not null,
    city text not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    currency text not null default 'USD' check (currency = 'USD'),
    acceptance_until timestamptz,
    confirmed_at timestamptz,
    completed_at timestamptz,
    last_error_code text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (end_at > start_at),
    check (acceptance_until > end_at),
    check ((confirmed_at is null) = (acceptance_until is null)),
    check (completed_at is null or confirmed_at is not null)
);
create index lbg_of_buyer on booking.lbg (buyer_user_id, lbg_id desc);

-- One contract with one seller. Prices are a snapshot in cents; what the contract and receipt say is in `terms`.
create table booking.booking_leg (
    leg_id text primary key,
    lbg_id text not null references booking.lbg,
    type text not null check (type in ('talent', 'studio')),
    seller_user_id text not null,
    service_profile_id text,
    package_id text,
    studio_id text,
    title text not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    blocked_from timestamptz not null,
    blocked_until timestamptz not null,
    subtotal_cents bigint not null check (subtotal_cents >= 0),
    service_tax_cents bigint not null check (service_tax_cents >= 0),
    platform_fee_cents bigint not null check (platform_fee_cents >= 0),
    platform_fee_tax_cents bigint not null check (platform_fee_tax_cents >= 0),
    total_cents bigint not null,
    -- The whole quote: taxes by jurisdiction, the fee rule and where the rates came from.
    price jsonb not null,
    deposit_cents bigint not null default 0 check (deposit_cents >= 0),
    policy jsonb not null,
    terms jsonb not null,
    pack_id text,
    status text not null check (status in ('draft', 'awaiting_docs', 'awaiting_payment', 'confirmed', 'in_progress',
        'delivered', 'completed', 'cancelled', 'failed')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- One talent and at most one studio: the same studio attached twice is one leg.
    unique (lbg_id, type),
    check (end_at > start_at),
    check (blocked_from <= start_at and blocked_until >= end_at),
    check (total_cents = subtotal_cents + service_tax_cents + platform_fee_cents + platform_fee_tax_cents),
    check ((type = 'talent') = (service_profile_id is not null and package_id is not null)),
    check ((type = 'studio') = (studio_id is not null)),
    check (type = 'studio' or deposit_cents = 0)
);
create index leg_of_seller on booking.booking_leg (seller_user_id, start_at);

create table booking.line_item (
    line_item_id text primary key,
    leg_id text not null references booking.booking_leg,
    position integer not null,
    kind text not null check (kind in ('package', 'extra', 'rental', 'crew', 'cleaning', 'peak', 'travel', 'license',
        'adjustment')),
    name text not null,
    quantity integer not null check (quantity > 0),
    unit_price_cents bigint not null,
    amount_cents bigint not null,
    unique (leg_id, position),
    check (amount_cents = quantity * unit_price_cents)
);

-- Time taken on a person or a place, buffers included. A hold is pending and ends; a confirmed block stays.
-- The exclusion constraint is what makes selling a slot twice impossible, whatever the code before it believes.
create table booking.calendar_block (
    block_id text primary key,
    leg_id text not null unique references booking.booking_leg,
    charge_id text not null,
    resource text not null check (resource ~ '^(user:usr|studio:std)_[0-9a-f]{32}$'),
    blocked tstzrange not null check (not isempty(blocked)),
    status text not null check (status in ('hold', 'confirmed')),
    expires_at timestamptz,
    created_at timestamptz not null,
    check ((status = 'hold') = (expires_at is not null)),
    constraint calendar_block_sells_no_time_twice
        exclude using gist (resource with =, blocked with &&) where (status in ('hold', 'confirmed'))
);
create index calendar_block_expiry on booking.calendar_block (expires_at) where status = 'hold';

-- A card hold for a studio, one per payment: its card is saved with the payment that it secures.
create table booking.deposit_auth (
    deposit_id text primary key,
    leg_id text not null references booking.booking_leg,
    lbg_id text not null references booking.lbg,
    charge_id text not null,
    status text not null check (status in ('requires_action', 'scheduled', 'authorized', 'captured', 'voided',
        'expired')),
    setup_intent_id text unique,
    payment_method_id text,
    hold_intent_id text unique,
    -- Set while the outcome of a call to the provider is unknown; the attempt is part of its idempotency key.
    hold_requested_at timestamptz,
    hold_attempt integer not null default 1,
    authorized_cents bigint not null check (authorized_cents > 0),
    captured_cents bigint not null default 0 check (captured_cents between 0 and authorized_cents),
    currency text not null default 'USD' check (currency = 'USD'),
    place_from timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (leg_id, charge_id),
    check (status not in ('authorized', 'captured') or hold_intent_id is not null),
    check ((status = 'captured') = (captured_cents > 0))
);
create unique index deposit_auth_one_alive_per_leg on booking.deposit_auth (leg_id)
    where status not in ('voided', 'expired');
create index deposit_auth_scheduled on booking.deposit_auth (place_from) where status = 'scheduled';

-- How the confirmation of a charge stands. Steps write only while it is `running`; `fenced` stops late ones.
create table booking.confirmation_attempt (
    charge_id text primary key,
    lbg_id text not null references booking.lbg,
    state text not null check (state in ('running', 'fenced', 'aborted', 'confirmed')),
    error_code text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((state = 'aborted') = (error_code is not null))
);
create unique index confirmation_attempt_confirmed_once on booking.confirmation_attempt (lbg_id)
    where state = 'confirmed';
