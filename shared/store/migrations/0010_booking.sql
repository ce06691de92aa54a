-- How both sides come to agree on an order: its mode, who has agreed, and the requests that ask for it.

-- The mode of an order; an order without a row is a direct checkout, in which both sides agree by signing.
create table booking.order_mode (
    lbg_id text primary key references booking.lbg,
    mode text not null check (mode in ('ib', 'rtb', 'invite')),
    location_kind text not null check (location_kind in ('buyer', 'provider_studio', 'rented_studio', 'remote')),
    license_tier text check (license_tier in ('commercial', 'ads', 'exclusive', 'buyout')),
    travel_miles integer check (travel_miles between 1 and 500),
    created_at timestamptz not null
);

-- A leg whose seller and buyer have agreed. No row, no documents and no payment in an order with a mode.
create table booking.leg_agreement (
    leg_id text primary key references booking.booking_leg,
    lbg_id text not null references booking.lbg,
    basis text not null check (basis in ('rules', 'request', 'award')),
    request_id text,
    agreed_at timestamptz not null,
    check ((basis = 'request') = (request_id is not null))
);
create index leg_agreement_of_order on booking.leg_agreement (lbg_id);

-- An offer for one leg that waits for the other side. A counter is a new row; the one it answers is over.
create table booking.booking_request (
    request_id text primary key check (request_id ~ '^req_[0-9a-f]{32}$'),
    lbg_id text not null references booking.lbg,
    leg_id text not null references booking.booking_leg,
    buyer_user_id text not null,
    seller_user_id text not null,
    status text not null check (status in ('pending', 'accepted', 'declined', 'countered', 'expired', 'withdrawn')),
    -- Who has to answer.
    awaits text not null check (awaits in ('buyer', 'seller')),
    counter_of text unique references booking.booking_request,
    round integer not null check (round between 0 and 6),
    message text,
    decline_reason text,
    -- Time, lines and price that are agreed to when the request is accepted.
    offer jsonb not null,
    total_cents bigint not null check (total_cents >= 0),
    expires_at timestamptz not null,
    decided_at timestamptz,
    created_at timestamptz not null,
    check (buyer_user_id <> seller_user_id),
    check ((status = 'pending') = (decided_at is null)),
    check ((round = 0) = (counter_of is null)),
    check (expires_at > created_at)
);
create unique index booking_request_one_pending_per_leg on booking.booking_request (leg_id) where status = 'pending';
create index booking_request_due on booking.booking_request (expires_at) where status = 'pending';
create index booking_request_of_buyer on booking.booking_request (buyer_user_id, request_id desc);
create index booking_request_of_seller on booking.booking_request (seller_user_id, request_id desc);

-- What is agreed keeps its time until it is paid: such a hold belongs to no charge yet.
alter table booking.calendar_block alter column charge_id drop not null;
alter table booking.calendar_block add check (status = 'hold' or charge_id is not null);
