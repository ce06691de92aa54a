-- Smart invites (§1.3.5.C): one private brief to several sellers, of whom the buyer awards one or more.
create table booking.booking_invite (
    invite_id text primary key check (invite_id ~ '^inv_[0-9a-f]{32}$'),
    buyer_user_id text not null,
    brief text not null check (brief <> ''),
    city text not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    location_kind text not null check (location_kind in ('buyer', 'provider_studio', 'remote')),
    location_address text,
    budget_cents bigint check (budget_cents > 0),
    closes_at timestamptz not null,
    closed_at timestamptz,
    created_at timestamptz not null,
    check (end_at > start_at),
    check (closes_at > created_at and closes_at <= start_at)
);
create index booking_invite_of_buyer on booking.booking_invite (buyer_user_id, invite_id desc);
create index booking_invite_due on booking.booking_invite (closes_at) where closed_at is null;

-- One seller's side of an invite. The answer is an offer: package, extras and what the buyer would pay.
create table booking.invite_recipient (
    invite_id text not null references booking.booking_invite,
    service_profile_id text not null,
    recipient_user_id text not null,
    status text not null check (status in ('new', 'responded', 'declined', 'awarded', 'not_awarded')),
    package_id text,
    answer jsonb,
    lbg_id text unique references booking.lbg,
    updated_at timestamptz not null,
    primary key (invite_id, service_profile_id),
    check (status not in ('responded', 'awarded') or answer is not null),
    check ((status = 'awarded') = (lbg_id is not null))
);
create index invite_recipient_of_seller on booking.invite_recipient (recipient_user_id, invite_id desc);
