-- Browsers that are phones, of all tenants: rows come and go with the tenants' devices, by trigger.
-- No foreign key to sessions or users: a row has to outlive them until its device is removed.
create table browser_phones (
    device_id uuid primary key,
    session_id uuid not null,
    tenant_id uuid not null references tenants on delete cascade,
    customer_id uuid not null,
    user_id uuid not null,
    expires_at timestamptz not null
);
create index browser_phones_session on browser_phones (session_id);
create index browser_phones_user on browser_phones (user_id);
create index browser_phones_level on browser_phones (tenant_id, customer_id);

-- Removes one with its device. Sets the tenant for the time of one statement, because a sign-in ends in
-- a transaction of the platform.
create function remove_browser_phone(device uuid) returns void language plpgsql as $$
declare
    tenant text := coalesce(current_setting('app.tenant', true), '');
    customer text := coalesce(current_setting('app.customer', true), '');
    gone platform.browser_phones;
begin
    select * into gone from platform.browser_phones where device_id = device;
    if not found then
        return;
    end if;
    if to_regclass(format('%I.devices', platform.schema_of(gone.tenant_id))) is not null then
        perform set_config('app.tenant', gone.tenant_id::text, true),
                set_config('app.customer', gone.customer_id::text, true);
        execute format('delete from %I.devices where id = $1', platform.schema_of(gone.tenant_id)) using device;
        perform set_config('app.tenant', tenant, true), set_config('app.customer', customer, true);
    end if;
    delete from platform.browser_phones where device_id = device;
end $$;

create function session_over() returns trigger language plpgsql as $$
begin
    perform platform.remove_browser_phone(device_id) from platform.browser_phones where session_id = old.id;
    return null;
end $$;
create trigger revoked after update of revoked_at on sessions
    for each row when (new.revoked_at is not null) execute function session_over();
create trigger gone after delete on sessions for each row execute function session_over();

create function user_paused() returns trigger language plpgsql as $$
begin
    perform platform.remove_browser_phone(device_id) from platform.browser_phones where user_id = new.id;
    return null;
end $$;
create trigger paused after update of status on users
    for each row when (new.status = 'suspended') execute function user_paused();

create function tenant_paused() returns trigger language plpgsql as $$
begin
    perform platform.remove_browser_phone(device_id) from platform.browser_phones where tenant_id = new.id;
    return null;
end $$;
create trigger paused after update of status on tenants
    for each row when (new.status = 'suspended') execute function tenant_paused();

alter table browser_phones enable row level security;
alter table browser_phones force row level security;
create policy level on browser_phones using (
    (select platform.is_platform())
    or (tenant_id = (select platform.current_tenant())
        and ((select platform.current_customer()) is null
            or customer_id = (select platform.current_customer()))));
grant select, insert, update, delete on browser_phones to voxera_app;
