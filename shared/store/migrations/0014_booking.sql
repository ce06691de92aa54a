-- The secret address of a person's calendar: only the hash of its token is kept, and one token is valid at a time.
create table booking.calendar_feed (
    user_id text primary key,
    token_sha256 text not null unique check (token_sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null
);
