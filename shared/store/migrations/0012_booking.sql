-- When a seller accepts without being asked (§1.3.5.A), one row for each profile or studio that has rules.
create table booking.autoaccept_rule (
    rule_id text primary key check (rule_id ~ '^aar_[0-9a-f]{32}$'),
    owner_user_id text not null,
    service_profile_id text unique,
    studio_id text unique,
    allow_ib boolean not null,
    -- Bit 0 is Monday, bit 6 Sunday, on the clock of the leg's place; none means every day.
    weekday_mask integer check (weekday_mask between 1 and 127),
    min_price_cents bigint check (min_price_cents between 0 and 10000000),
    max_distance_mi integer check (max_distance_mi between 0 and 500),
    -- How long a request to this seller can be answered; none means as long as its kind of seller has.
    answer_hours integer check (answer_hours between 6 and 72),
    updated_at timestamptz not null,
    check ((service_profile_id is null) <> (studio_id is null)),
    check (studio_id is null or max_distance_mi is null)
);
