-- Who remits the service tax of a city: the seller, or the platform as merchant of record. Frozen in each split.
create table finance.merchant_of_record (
    city text not null,
    version integer not null check (version > 0),
    remitter text not null check (remitter in ('seller', 'platform')),
    valid_from timestamptz not null,
    valid_until timestamptz,
    primary key (city, version),
    check (valid_until > valid_from),
    constraint merchant_of_record_one_at_a_time
        exclude using gist (city with =, tstzrange(valid_from, valid_until) with &&)
);

alter table finance.charge_split add column platform_remits boolean not null default false;
