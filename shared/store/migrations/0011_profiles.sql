-- What a seller charges beyond the package: travel by the mile and wider licences.
create table profiles.booking_terms (
    service_profile_id text primary key references profiles.service_profile (service_profile_id),
    travel_cents_per_mile bigint check (travel_cents_per_mile between 1 and 10000),
    updated_at timestamptz not null
);

create table profiles.license_tier (
    service_profile_id text not null references profiles.service_profile (service_profile_id),
    tier text not null check (tier in ('commercial', 'ads', 'exclusive', 'buyout')),
    price_cents bigint not null check (price_cents between 0 and 10000000),
    primary key (service_profile_id, tier)
);
