-- A browser is a phone: its credential belongs to one sign-in and one extension, and ends with either,
-- with the person's right to be here, or with its own time.
alter table devices
    add column kind text not null default 'phone' constraint device_kind check (kind in ('phone', 'browser')),
    add column session_id uuid,
    add column expires_at timestamptz,
    add constraint device_of_session check (
        (kind = 'browser') = (session_id is not null) and (kind = 'browser') = (expires_at is not null));
create unique index device_session_key on devices (session_id, extension_id) where session_id is not null;

-- Who ends a sign-in does not know in which tenants its browser is a phone: the platform keeps a list.
create function browser_phone_changed() returns trigger language plpgsql as $$
declare
    person uuid;
begin
    if tg_op = 'DELETE' then
        delete from platform.browser_phones where device_id = old.id;
    elsif tg_op = 'INSERT' then
        execute format('select user_id from %I.extensions where id = $1', tg_table_schema)
            into person using new.extension_id;
        insert into platform.browser_phones (device_id, session_id, tenant_id, customer_id, user_id, expires_at)
            values (new.id, new.session_id, new.tenant_id, new.customer_id, person, new.expires_at);
    else
        update platform.browser_phones set expires_at = new.expires_at where device_id = new.id;
    end if;
    return null;
end $$;
create trigger browser_phone_comes after insert or update of expires_at on devices
    for each row when (new.kind = 'browser') execute function browser_phone_changed();
create trigger browser_phone_goes after delete on devices
    for each row when (old.kind = 'browser') execute function browser_phone_changed();

-- An extension that is somebody else's now is answered by no browser of whoever had it.
create function extension_moves() returns trigger language plpgsql as $$
begin
    execute format('delete from %I.devices where extension_id = $1 and kind = ''browser''', tg_table_schema)
        using new.id;
    return null;
end $$;
create trigger moves after update of user_id on extensions
    for each row when (old.user_id is distinct from new.user_id) execute function extension_moves();

create function customer_paused() returns trigger language plpgsql as $$
begin
    perform platform.remove_browser_phone(device_id) from platform.browser_phones where customer_id = new.id;
    return null;
end $$;
create trigger paused after update of status on customers
    for each row when (new.status = 'suspended') execute function customer_paused();
