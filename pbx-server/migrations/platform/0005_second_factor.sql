-- A second factor for signing in, what became of each attempt to sign in, and a person's picture.

-- When the password was chosen; null: before this was kept, or there is none.
alter table accounts add column password_changed_at timestamptz;

-- What an authenticator app shares with us. Until `confirmed_at` it is only offered, and nobody is
-- asked for it. A code is good for one step of 30 seconds (counted from 1970) and never twice:
-- `last_step` is the last one that was used.
create table totp (
    account_id uuid primary key references accounts on delete cascade,
    sealed_secret bytea not null,
    offered_until timestamptz not null,
    confirmed_at timestamptz,
    last_step bigint not null default 0
);

-- For who has lost the app: SHA-256 of 80 random bits each, so that nothing slower is needed.
create table recovery_codes (
    account_id uuid not null references accounts on delete cascade,
    hash bytea not null check (octet_length(hash) = 32),
    used_at timestamptz,
    primary key (account_id, hash)
);

create table logins (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    at timestamptz not null default now(),
    outcome text not null check (outcome in ('ok', 'wrong_password', 'wrong_code', 'suspended')),
    address inet,
    user_agent text
);
create index logins_account on logins (account_id, at desc, id desc);
create index logins_at on logins (at);

-- Drawn anew by us: a PNG that holds nothing but its pixels.
create table avatars (
    account_id uuid primary key references accounts on delete cascade,
    picture bytea not null check (octet_length(picture) <= 524288)
);

do $$
declare
    name text;
begin
    foreach name in array array['totp', 'recovery_codes', 'logins', 'avatars']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy platform on %I using ((select platform.is_platform()))', name);
    end loop;
end $$;
grant select, insert, update, delete on totp, recovery_codes, logins, avatars to voxera_app;
