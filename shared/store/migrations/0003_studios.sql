-- Places: studios with their rates, policies, peak times, crew tiers and blackouts. No people's profiles, no bookings.
create schema studios;

-- A place that can be booked. `address` is private: it leaves only with a booking's own documents.
create table studios.studio (
    studio_id text primary key check (studio_id ~ '^std_[0-9a-f]{32}$'),
    owner_user_id text not null check (owner_user_id ~ '^usr_[0-9a-f]{32}$'),
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{1,78}[a-z0-9]$'),
    title text not null check (title <> ''),
    description text not null,
    city text not null check (city ~ '^[a-z][a-z_]*$'),
    region text not null,
    country text not null default 'US',
    -- An IANA name; the expression fails for an unknown one.
    time_zone text not null check (
        time_zone like '%/%' and timezone(time_zone, timestamptz '2026-01-01 00:00:00+00') is not null
    ),
    address jsonb not null check (address ? 'line1' and address ? 'city' and address ? 'region' and address ? 'postal'),
    is_published boolean not null default false,
    verified_studio boolean not null default false,
    deposit_required boolean not null default false,
    deposit_auth_cents bigint not null default 0 check (deposit_auth_cents between 0 and 10000000),
    capacity_people integer not null check (capacity_people between 1 and 1000),
    size_sqft integer check (size_sqft > 0),
    amenities text[] not null default '{}',
    house_rules text[] not null default '{}',
    currency text not null default 'USD' check (currency = 'USD'),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (deposit_required = (deposit_auth_cents > 0)),
    -- The publishing gate: house rules are part of the contract.
    check (not is_published or cardinality(house_rules) > 0)
);
create index studio_city on studios.studio (city) where is_published;
create index studio_owner on studios.studio (owner_user_id, updated_at desc);

-- True when every element is a day of the week, 0 = Sunday, and none comes twice.
create function studios.are_days(days integer[]) returns boolean language sql immutable as $$
    select cardinality(days) > 0
       and days <@ array[0, 1, 2, 3, 4, 5, 6]
       and cardinality(days) = (select count(distinct d) from unnest(days) as d)
$$;

-- A price schedule. Its window is local time; an end not later than the start lies on the next day.
create table studios.studio_rate (
    rate_id text primary key check (rate_id ~ '^srt_[0-9a-f]{32}$'),
    studio_id text not null references studios.studio (studio_id),
    kind text not null check (kind in ('hourly', 'slot', 'day')),
    name text not null check (name <> ''),
    dow integer[] not null check (studios.are_days(dow)),
    start_local time not null check (extract(second from start_local) = 0 and start_local < '24:00'),
    end_local time not null check (extract(second from end_local) = 0 and end_local > '00:00'),
    slot_minutes integer check (slot_minutes between 15 and 1440),
    price_cents bigint not null check (price_cents between 1 and 10000000),
    min_booking_minutes integer not null default 60 check (min_booking_minutes between 1 and 1440),
    max_booking_minutes integer check (max_booking_minutes >= min_booking_minutes),
    active boolean not null default true,
    created_at timestamptz not null,
    check (start_local <> end_local),
    check ((kind = 'slot') = (slot_minutes is not null))
);
create index studio_rate_studio on studios.studio_rate (studio_id) where active;

-- A multiplier on the price at peak (above 10 000) or off-peak (below) times, basis points (§1.24, addendum B).
create table studios.studio_peak (
    studio_id text not null references studios.studio (studio_id),
    name text not null check (name <> ''),
    dow integer[] not null check (studios.are_days(dow)),
    start_local time not null check (extract(second from start_local) = 0 and start_local < '24:00'),
    end_local time not null check (extract(second from end_local) = 0 and end_local > '00:00'),
    multiplier_bps integer not null check (multiplier_bps between 1000 and 50000 and multiplier_bps <> 10000),
    primary key (studio_id, name),
    check (start_local <> end_local)
);

-- The price grows with the crew: the tier with the fewest people that holds everybody applies.
create table studios.studio_crew_tier (
    studio_id text not null references studios.studio (studio_id),
    max_people integer not null check (max_people > 0),
    multiplier_bps integer not null check (multiplier_bps between 10000 and 50000),
    primary key (studio_id, max_people)
);

-- Buffers, cleaning and cancellation bands of a studio; every studio has one row.
create table studios.studio_policy (
    studio_id text primary key references studios.studio (studio_id),
    buffer_before_min integer not null default 30 check (buffer_before_min between 0 and 480),
    buffer_after_min integer not null default 30 check (buffer_after_min between 0 and 480),
    cleaning_min integer not null default 0 check (cleaning_min between 0 and 480),
    cleaning_fee_cents bigint not null default 0 check (cleaning_fee_cents between 0 and 1000000),
    cancellation_policy jsonb not null
);

-- Times at which a studio is not for rent.
create table studios.studio_blackout (
    blackout_id text primary key check (blackout_id ~ '^sbo_[0-9a-f]{32}$'),
    studio_id text not null references studios.studio (studio_id),
    start_at timestamptz not null,
    end_at timestamptz not null,
    reason text,
    check (end_at > start_at)
);
create index studio_blackout_range on studios.studio_blackout (studio_id, end_at);
