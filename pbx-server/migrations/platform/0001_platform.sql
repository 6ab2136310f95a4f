-- The schema of the installation. Runs as the owner with search_path = platform.
--
-- Every table is under forced row-level security. A transaction says what it is by settings that
-- end with it: app.scope ('platform' or 'tenant'), app.tenant, app.customer ('' = all customers).

create function is_platform() returns boolean language sql stable
    return coalesce(current_setting('app.scope', true), '') = 'platform';
create function current_tenant() returns uuid language sql stable
    return nullif(current_setting('app.tenant', true), '')::uuid;
create function current_customer() returns uuid language sql stable
    return nullif(current_setting('app.customer', true), '')::uuid;
create function schema_of(tenant uuid) returns text language sql immutable
    return 't_' || replace(tenant::text, '-', '');

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;

create table tenants (
    id uuid primary key,
    slug text not null constraint tenant_slug_key unique,
    name text not null,
    schema_name text not null constraint tenant_schema_key unique check (schema_name = platform.schema_of(id)),
    host text constraint tenant_host_key unique check (host = lower(host)),
    brand_name text not null,
    accent text not null check (accent ~ '^#[0-9a-f]{6}$'),
    logo bytea check (octet_length(logo) <= 524288),
    logo_type text,
    support_email text,
    locale text not null default 'sv' check (locale in ('sv', 'en')),
    time_zone text not null default 'Europe/Stockholm',
    status text not null default 'active' check (status in ('active', 'suspended')),
    builtin boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((logo is null) = (logo_type is null))
);
create unique index tenant_builtin_key on tenants (builtin) where builtin;
create trigger touch before update on tenants for each row execute function touch_updated_at();

create table accounts (
    id uuid primary key,
    email text not null constraint account_email_key unique check (email = lower(email)),
    password_hash text,
    locale text not null default 'sv' check (locale in ('sv', 'en')),
    verified_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create trigger touch before update on accounts for each row execute function touch_updated_at();

create table users (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    role text not null,
    tenant_id uuid references tenants on delete cascade,
    customer_id uuid,
    display_name text not null,
    status text not null default 'active' check (status in ('active', 'suspended')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint user_role_fits_level check (case role
        when 'platform_admin' then tenant_id is null and customer_id is null
        when 'tenant_admin' then tenant_id is not null and customer_id is null
        when 'customer_admin' then tenant_id is not null and customer_id is not null
        when 'manager' then tenant_id is not null and customer_id is not null
        when 'user' then tenant_id is not null and customer_id is not null
        else false end)
);
create unique index user_membership_key on users (
    account_id,
    coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'),
    coalesce(customer_id, '00000000-0000-0000-0000-000000000000'));
create index users_level on users (tenant_id, customer_id);
create trigger touch before update on users for each row execute function touch_updated_at();

-- A user who is gone leaves the extension to whoever comes next. Sets the tenant for the time of
-- one statement, because a user can also go in a transaction of the platform.
create function free_extension() returns trigger language plpgsql as $$
declare
    tenant text := coalesce(current_setting('app.tenant', true), '');
    customer text := coalesce(current_setting('app.customer', true), '');
    schema text := platform.schema_of(old.tenant_id);
begin
    if old.customer_id is not null and to_regclass(format('%I.extensions', schema)) is not null then
        perform set_config('app.tenant', old.tenant_id::text, true),
                set_config('app.customer', old.customer_id::text, true);
        execute format('update %I.extensions set user_id = null where user_id = $1', schema) using old.id;
        perform set_config('app.tenant', tenant, true), set_config('app.customer', customer, true);
    end if;
    return old;
end $$;
create trigger free_extension after delete on users for each row execute function free_extension();

create table sessions (
    id uuid primary key,
    account_id uuid not null references accounts on delete cascade,
    user_agent text,
    address inet,
    created_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    revoked_at timestamptz,
    revoked_reason text
);
create index sessions_account on sessions (account_id, created_at desc);

create table refresh_tokens (
    hash bytea primary key check (octet_length(hash) = 32),
    session_id uuid not null references sessions on delete cascade,
    issued_at timestamptz not null default now(),
    used_at timestamptz,
    expires_at timestamptz not null
);
create index refresh_tokens_session on refresh_tokens (session_id);

create table one_time_tokens (
    hash bytea primary key check (octet_length(hash) = 32),
    purpose text not null check (purpose in ('invitation', 'password_reset', 'email_verification')),
    account_id uuid not null references accounts on delete cascade,
    user_id uuid references users on delete cascade,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at timestamptz
);
create index one_time_tokens_account on one_time_tokens (account_id);
create index one_time_tokens_user on one_time_tokens (user_id);

create table sip_realms (
    realm text constraint sip_realm_key primary key check (realm = lower(realm)),
    tenant_id uuid not null references tenants on delete cascade,
    customer_id uuid not null,
    pbx_id uuid not null unique
);

create table number_index (
    e164 text constraint number_key primary key,
    tenant_id uuid not null references tenants on delete cascade,
    customer_id uuid not null,
    number_id uuid not null unique
);

-- What happened. Kept when what it tells of is gone, so it refers to nothing.
create table audit (
    id uuid primary key,
    at timestamptz not null default now(),
    tenant_id uuid,
    customer_id uuid,
    actor_account uuid,
    actor_kind text not null check (actor_kind in ('user', 'system', 'sip')),
    actor_label text not null,
    action text not null,
    resource_type text not null,
    resource_id text not null,
    before jsonb,
    after jsonb,
    address inet,
    request_id text
);
create index audit_at on audit (at desc, id desc);
create index audit_level_at on audit (tenant_id, customer_id, at desc);

create table mails (
    id uuid primary key,
    tenant_id uuid references tenants on delete cascade,
    to_email text not null,
    subject text not null,
    text text not null,
    html text not null,
    purpose text not null,
    state text not null default 'queued' check (state in ('queued', 'sent', 'failed', 'mailbox')),
    attempts integer not null default 0,
    last_error text,
    next_attempt_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    sent_at timestamptz
);
create index mails_created on mails (created_at desc, id desc);
create index mails_queued on mails (next_attempt_at) where state = 'queued';

create table idempotency_keys (
    account_id uuid not null references accounts on delete cascade,
    key text not null check (length(key) between 1 and 200),
    tenant_id uuid default platform.current_tenant(),
    method_path text not null,
    request_hash bytea not null,
    status integer,
    body jsonb,
    created_at timestamptz not null default now(),
    primary key (account_id, key)
);
create index idempotency_keys_created on idempotency_keys (created_at);

create table signing_keys (
    kid text primary key,
    sealed_private bytea not null,
    public jsonb not null,
    created_at timestamptz not null default now(),
    retired_at timestamptz
);

-- Opens a tenant's transaction: says whose it is, and refuses what does not exist (P0002).
create function enter(tenant uuid, customer uuid) returns void language plpgsql as $$
declare
    found_customer boolean := true;
begin
    perform set_config('app.scope', 'tenant', true),
            set_config('app.tenant', tenant::text, true),
            set_config('app.customer', coalesce(customer::text, ''), true),
            set_config('search_path', platform.schema_of(tenant), true);
    if not exists (select 1 from platform.tenants where id = tenant) then
        raise no_data_found using message = 'no such tenant';
    end if;
    if customer is not null then
        execute format('select exists (select 1 from %I.customers where id = $1)', platform.schema_of(tenant))
            into found_customer using customer;
        if not found_customer then
            raise no_data_found using message = 'no such customer';
        end if;
    end if;
end $$;

-- Row-level security. A missing policy for a command refuses that command.
do $$
declare
    name text;
begin
    foreach name in array array['tenants', 'accounts', 'users', 'sessions', 'refresh_tokens',
        'one_time_tokens', 'sip_realms', 'number_index', 'audit', 'mails', 'idempotency_keys', 'signing_keys']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
    end loop;
    foreach name in array array['accounts', 'sessions', 'refresh_tokens', 'one_time_tokens', 'signing_keys']
    loop
        execute format('create policy platform on %I using (platform.is_platform())', name);
    end loop;
    foreach name in array array['users', 'sip_realms', 'number_index']
    loop
        execute format($policy$create policy level on %I using (
            platform.is_platform()
            or (tenant_id = platform.current_tenant()
                and (platform.current_customer() is null or customer_id = platform.current_customer())))
            $policy$, name);
    end loop;
end $$;

-- A tenant sees the address of those who are its users, and nothing else of accounts can change.
create policy of_visible_users on accounts for select using (
    exists (select 1 from platform.users u where u.account_id = accounts.id));

create policy see on tenants for select using (platform.is_platform() or id = platform.current_tenant());
create policy add on tenants for insert with check (platform.is_platform());
create policy change on tenants for update using (
    platform.is_platform() or (id = platform.current_tenant() and platform.current_customer() is null));
create policy remove on tenants for delete using (platform.is_platform());

create policy see on audit for select using (
    platform.is_platform()
    or (tenant_id = platform.current_tenant()
        and (platform.current_customer() is null or customer_id = platform.current_customer())));
create policy add on audit for insert with check (
    platform.is_platform()
    or (tenant_id = platform.current_tenant()
        and (platform.current_customer() is null or customer_id = platform.current_customer())));

-- Mails carry one-time links: a tenant may send one and never read one.
create policy platform on mails using (platform.is_platform());
create policy add on mails for insert with check (tenant_id = platform.current_tenant());

create policy level on idempotency_keys using (
    platform.is_platform() or tenant_id = platform.current_tenant());

grant usage on schema platform to voxera_app;
grant select, insert, update, delete on tenants, accounts, users, sessions, refresh_tokens, one_time_tokens,
    sip_realms, number_index, mails, idempotency_keys, signing_keys to voxera_app;
grant select, insert on audit to voxera_app;
