-- The schema of one tenant. Runs as the owner with search_path = the tenant's schema.
--
-- Composite foreign keys carry customer_id, so that nothing can point into another customer.

create table customers (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    name text not null,
    org_number text constraint customer_org_number_key unique,
    status text not null default 'active' check (status in ('active', 'suspended')),
    locale text not null default 'sv' check (locale in ('sv', 'en')),
    time_zone text not null default 'Europe/Stockholm',
    max_agents integer not null default 2 check (max_agents >= 0),
    monthly_tokens integer not null default 1000 check (monthly_tokens >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table pbxs (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null references customers on delete cascade,
    name text not null,
    realm text not null,
    time_zone text not null,
    version bigint not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, customer_id)
);
create index pbxs_customer on pbxs (customer_id);

create table extensions (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    number text not null,
    name text not null,
    user_id uuid constraint extension_user_key unique,
    ring_seconds integer not null default 25 check (ring_seconds between 5 and 120),
    call_waiting boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint extension_number_key unique (pbx_id, number),
    unique (id, pbx_id),
    unique (id, pbx_id, customer_id),
    foreign key (pbx_id, customer_id) references pbxs (id, customer_id) on delete cascade
);

create table devices (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    extension_id uuid not null,
    name text not null,
    sealed_secret bytea not null,
    created_at timestamptz not null default now(),
    rotated_at timestamptz,
    foreign key (extension_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete cascade
);
create index devices_extension on devices (extension_id);
create index devices_pbx on devices (pbx_id);

create table numbers (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null references customers on delete cascade,
    e164 text not null unique,
    pbx_id uuid,
    extension_id uuid,
    label text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint number_pbx_fkey foreign key (pbx_id, customer_id)
        references pbxs (id, customer_id) on delete set null (pbx_id),
    constraint number_extension_fkey foreign key (extension_id, pbx_id)
        references extensions (id, pbx_id) on delete set null (extension_id),
    constraint number_extension_needs_pbx check (extension_id is null or pbx_id is not null)
);
create index numbers_pbx on numbers (pbx_id);
create index numbers_customer on numbers (customer_id);
create index numbers_extension on numbers (extension_id);

-- Calls outlive their PBX and their extensions, and go with their customer.
create table calls (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null references customers on delete cascade,
    pbx_id uuid not null,
    started_at timestamptz not null,
    answered_at timestamptz,
    ended_at timestamptz not null,
    from_number text not null,
    from_name text,
    from_extension text,
    to_number text not null,
    to_name text,
    to_extension text,
    direction text not null default 'internal',
    outcome text not null,
    hung_up_by text not null,
    codec text,
    media jsonb,
    snapshot_version bigint not null,
    trace jsonb not null
);
create index calls_pbx on calls (pbx_id, started_at desc, id desc);
create index calls_customer on calls (customer_id, started_at desc);

do $$
declare
    name text;
begin
    foreach name in array array['customers', 'pbxs', 'extensions', 'devices', 'numbers', 'calls']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format($policy$create policy customer on %I using (
            tenant_id = platform.current_tenant()
            and (platform.current_customer() is null or %I = platform.current_customer()))$policy$,
            name, case name when 'customers' then 'id' else 'customer_id' end);
    end loop;
    foreach name in array array['customers', 'extensions', 'numbers']
    loop
        execute format(
            'create trigger touch before update on %I for each row execute function platform.touch_updated_at()',
            name);
    end loop;
end $$;

-- Every change that calls can notice makes a new version of the PBX and tells the engines, in the
-- same transaction.
create function pbx_version() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    new.updated_at := now();
    return new;
end $$;
create trigger version before update on pbxs for each row execute function pbx_version();

create function pbx_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into platform.sip_realms (realm, tenant_id, customer_id, pbx_id)
            values (new.realm, new.tenant_id, new.customer_id, new.id);
    elsif tg_op = 'DELETE' then
        delete from platform.sip_realms where pbx_id = old.id;
    end if;
    perform pg_notify('voxera_config',
        coalesce(new.tenant_id, old.tenant_id)::text || ':' || coalesce(new.id, old.id)::text);
    return null;
end $$;
create trigger changed after insert or update or delete on pbxs
    for each row execute function pbx_changed();

create function touch_pbx() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and old.pbx_id is not null then
        execute format('update %I.pbxs set updated_at = now() where id = $1', tg_table_schema)
            using old.pbx_id;
    end if;
    if tg_op <> 'DELETE' and new.pbx_id is not null
        and (tg_op = 'INSERT' or new.pbx_id is distinct from old.pbx_id) then
        execute format('update %I.pbxs set updated_at = now() where id = $1', tg_table_schema)
            using new.pbx_id;
    end if;
    return null;
end $$;
create trigger touch_pbx after insert or update or delete on extensions
    for each row execute function touch_pbx();
create trigger touch_pbx after insert or update or delete on devices
    for each row execute function touch_pbx();
create trigger touch_pbx after insert or update or delete on numbers
    for each row execute function touch_pbx();

-- A number that leaves its PBX leaves the extension there too; also when the PBX is removed, in
-- whichever order the foreign keys act.
create function number_leaves() returns trigger language plpgsql as $$
begin
    if old.pbx_id is not null and new.pbx_id is null then
        new.extension_id := null;
    end if;
    return new;
end $$;
create trigger leaves before update on numbers for each row execute function number_leaves();

create function number_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into platform.number_index (e164, tenant_id, customer_id, number_id)
            values (new.e164, new.tenant_id, new.customer_id, new.id);
    else
        delete from platform.number_index where number_id = old.id;
    end if;
    return null;
end $$;
create trigger changed after insert or delete on numbers for each row execute function number_changed();

create function customer_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        delete from platform.users where tenant_id = old.tenant_id and customer_id = old.id;
    elsif new.status is distinct from old.status then
        execute format('update %I.pbxs set updated_at = now() where customer_id = $1', tg_table_schema)
            using new.id;
    end if;
    return null;
end $$;
create trigger changed after update or delete on customers
    for each row execute function customer_changed();
