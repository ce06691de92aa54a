-- People: accounts, their service profiles, and the packages they sell. No bookings, no places.
create schema profiles;

-- The account of a person. `user_id` is `usr_` and the Cognito subject without its dashes.
create table profiles.app_user (
    user_id text primary key check (user_id ~ '^usr_[0-9a-f]{32}$'),
    legal_name text not null check (legal_name <> ''),
    email text not null check (email like '%_@_%'),
    date_of_birth date,
    created_at timestamptz not null
);

-- A person in one role. `packages_version` grows with every change of the packages.
create table profiles.service_profile (
    service_profile_id text primary key check (service_profile_id ~ '^srv_[0-9a-f]{32}$'),
    user_id text not null references profiles.app_user (user_id),
    handle text not null check (handle ~ '^[a-z0-9][a-z0-9_-]{1,38}[a-z0-9]$'),
    role text not null check (role in ('model', 'photographer', 'videographer', 'creator', 'fansub')),
    display_name text not null check (display_name <> ''),
    headline text not null default '',
    city text not null check (city ~ '^[a-z][a-z_]*$'),
    currency text not null default 'USD' check (currency = 'USD'),
    cancellation_policy jsonb not null,
    packages_version integer not null default 0 check (packages_version >= 0),
    is_published boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (user_id, role),
    unique (handle, role)
);
create index service_profile_city on profiles.service_profile (city, role) where is_published;

-- One version of a package: never changed, only retired, so that an order can always name what was sold.
create table profiles.service_package (
    package_id text primary key check (package_id ~ '^pkg_[0-9a-f]{32}$'),
    service_profile_id text not null references profiles.service_profile (service_profile_id),
    position integer not null check (position >= 0),
    name text not null check (name <> ''),
    description text not null,
    duration_minutes integer not null check (duration_minutes between 30 and 1440),
    price_cents bigint not null check (price_cents between 1000 and 10000000),
    deliverables text not null check (deliverables <> ''),
    since_version integer not null,
    retired_at timestamptz,
    created_at timestamptz not null
);
create unique index service_package_on_sale_name on profiles.service_package (service_profile_id, lower(name))
    where retired_at is null;

-- An extra that can be bought with a package version.
create table profiles.package_add_on (
    package_id text not null references profiles.service_package (package_id),
    key text not null check (key ~ '^[a-z][a-z0-9_]{0,39}$'),
    position integer not null check (position >= 0),
    name text not null check (name <> ''),
    price_cents bigint not null check (price_cents between 100 and 1000000),
    max_quantity integer not null check (max_quantity between 1 and 50),
    primary key (package_id, key)
);

-- A version on sale or sold keeps its words and its price; only its place and its retirement may change.
create function profiles.refuse_repricing() returns trigger language plpgsql as $$
begin
    if (new.package_id, new.service_profile_id, new.name, new.description, new.duration_minutes, new.price_cents,
        new.deliverables, new.since_version, new.created_at)
       is distinct from
       (old.package_id, old.service_profile_id, old.name, old.description, old.duration_minutes, old.price_cents,
        old.deliverables, old.since_version, old.created_at)
       or (old.retired_at is not null and new.retired_at is distinct from old.retired_at) then
        raise exception 'a package version is never changed' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;

create trigger service_package_versions_are_kept before update on profiles.service_package
    for each row execute function profiles.refuse_repricing();
create trigger service_package_versions_stay before delete on profiles.service_package
    for each row execute function platform.refuse_change();
create trigger package_add_on_versions_are_kept before update or delete on profiles.package_add_on
    for each row execute function platform.refuse_change();
