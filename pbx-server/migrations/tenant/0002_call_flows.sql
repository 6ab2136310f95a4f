-- Kinds of extensions, call flows with their versions, sounds, lines to the public network, messages,
-- recordings and wishes to be called back. Runs as the owner with search_path = the tenant's schema.
--
-- Documents (settings, drafts, versions) refer to things by id and are read by the program; what the
-- database itself must keep right is a column with a foreign key that carries customer_id.

-- Whoever is here already keeps what they were promised: no limit.
alter table customers add column max_pbxs integer check (max_pbxs >= 0);
alter table customers alter column max_pbxs set default 5;

alter table pbxs
    add column description text,
    add column language text not null default 'sv' check (language in ('sv', 'en')),
    add column features jsonb not null default '{}',
    add column max_extensions integer check (max_extensions >= 0),
    add column caller_id text,
    add column music_audio_id uuid,
    add column premium_allowed boolean not null default false,
    add column recording_days integer not null default 90
        constraint pbx_recording_days check (recording_days between 1 and 3650);

-- A person may have several: the desk, the home, the door that only they answer.
alter table extensions drop constraint extension_user_key;
create index extensions_user on extensions (user_id) where user_id is not null;

-- ring_seconds and call_waiting are a person's; all else of a kind is in settings, without the PIN.
alter table extensions
    add column kind text not null default 'user' constraint extension_kind check (kind in
        ('user', 'hunt_group', 'queue', 'ivr', 'conference', 'voicemail', 'external')),
    add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    add column recording jsonb,
    add column sealed_pin bytea;

create table extension_members (
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    group_id uuid not null,
    member_id uuid not null,
    tier smallint not null constraint member_tier check (tier between 1 and 9),
    position integer not null,
    primary key (group_id, member_id),
    constraint member_group_fkey foreign key (group_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete cascade,
    constraint member_extension_fkey foreign key (member_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete cascade
);
create index extension_members_member on extension_members (member_id);
create index extension_members_pbx on extension_members (pbx_id);

-- One of kind routing per PBX, made with it; any number of menus.
create table flows (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    kind text not null check (kind in ('routing', 'ivr')),
    name text not null,
    draft jsonb not null,
    draft_revision bigint not null default 1,
    draft_updated_at timestamptz not null default now(),
    draft_updated_by uuid,
    draft_updated_name text,
    published integer,
    created_at timestamptz not null default now(),
    unique (id, pbx_id, customer_id),
    foreign key (pbx_id, customer_id) references pbxs (id, customer_id) on delete cascade
);
create unique index flow_routing_key on flows (pbx_id) where kind = 'routing';
create unique index flow_name_key on flows (pbx_id, lower(name)) where kind = 'ivr';

-- What was published stays as it was: the application may add, and never change or remove.
create table flow_versions (
    flow_id uuid not null,
    version integer not null check (version >= 1),
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    document jsonb not null,
    comment text,
    author_account uuid,
    author_name text not null,
    restored_from integer,
    created_at timestamptz not null default now(),
    constraint flow_version_key primary key (flow_id, version),
    foreign key (flow_id, pbx_id, customer_id) references flows (id, pbx_id, customer_id) on delete cascade
);
revoke update, delete on flow_versions from voxera_app;
alter table flows add constraint flow_published_fkey
    foreign key (id, published) references flow_versions (flow_id, version);

-- Where a number leads: extension_id, or the rest of what can be said in destination.
alter table numbers
    add column destination jsonb,
    add constraint number_destination_once check (destination is null or extension_id is null),
    add constraint number_destination_needs_pbx check (destination is null or pbx_id is not null);

create table audio_files (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    name text not null,
    purpose text not null check (purpose in ('prompt', 'greeting', 'music')),
    state text not null default 'converting' check (state in ('converting', 'ready', 'failed')),
    error text,
    millis integer check (millis >= 0),
    bytes bigint not null check (bytes >= 0),
    peaks bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id, pbx_id, customer_id),
    foreign key (pbx_id, customer_id) references pbxs (id, customer_id) on delete cascade
);
create unique index audio_name_key on audio_files (pbx_id, lower(name));
alter table pbxs add constraint pbx_music_fkey
    foreign key (music_audio_id, id, customer_id) references audio_files (id, pbx_id, customer_id)
    on delete set null (music_audio_id);

create table trunks (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    name text not null,
    kind text not null check (kind in ('registration', 'address')),
    host text not null,
    port integer not null constraint trunk_port check (port between 1 and 65535),
    transport text not null check (transport in ('udp', 'tcp', 'tls')),
    username text,
    sealed_password bytea,
    addresses inet[] not null default '{}',
    emergency boolean not null default false,
    priority integer not null default 10 constraint trunk_priority check (priority between 1 and 100),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint trunk_needs_login check (kind <> 'registration'
        or (username is not null and sealed_password is not null)),
    foreign key (pbx_id, customer_id) references pbxs (id, customer_id) on delete cascade
);
create unique index trunk_name_key on trunks (pbx_id, lower(name));

create table messages (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    extension_id uuid not null,
    call_id uuid,
    from_number text,
    from_name text,
    from_extension text,
    received_at timestamptz not null,
    millis integer not null check (millis >= 0),
    bytes bigint not null default 0 check (bytes >= 0),
    peaks bytea not null default '',
    heard_at timestamptz,
    foreign key (extension_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete cascade
);
create index messages_mailbox on messages (extension_id, received_at desc);
create index messages_pbx on messages (pbx_id, received_at desc);

-- Recordings outlive the extensions that took part.
create table recordings (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    call_id uuid not null,
    extension_ids uuid[] not null default '{}',
    from_number text,
    from_name text,
    from_extension text,
    to_number text,
    to_name text,
    to_extension text,
    started_at timestamptz not null,
    millis integer not null check (millis >= 0),
    bytes bigint not null default 0 check (bytes >= 0),
    peaks bytea not null default '',
    foreign key (pbx_id, customer_id) references pbxs (id, customer_id) on delete cascade
);
create index recordings_pbx on recordings (pbx_id, started_at desc, id desc);
create index recordings_call on recordings (call_id);
create index recordings_extensions on recordings using gin (extension_ids);

create table callbacks (
    id uuid primary key,
    tenant_id uuid not null default platform.current_tenant(),
    customer_id uuid not null,
    pbx_id uuid not null,
    extension_id uuid not null,
    call_id uuid,
    number text not null,
    name text,
    asked_at timestamptz not null,
    done_at timestamptz,
    done_by uuid,
    done_by_name text,
    foreign key (extension_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete cascade
);
create index callbacks_pbx on callbacks (pbx_id, asked_at desc);
create index callbacks_extension on callbacks (extension_id, asked_at desc);

alter table calls
    add column keys text not null default '',
    add constraint call_direction check (direction in ('in', 'out', 'internal'));
create index calls_direction on calls (pbx_id, direction, started_at desc);

do $$
declare
    name text;
begin
    foreach name in array array['extension_members', 'flows', 'flow_versions', 'audio_files', 'trunks',
        'messages', 'recordings', 'callbacks']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy customer on %I using (false)', name);
    end loop;
    -- Whose a row is, of old and new tables alike. What is selected is asked once for a query, a
    -- function alone for every row.
    foreach name in array array['customers', 'pbxs', 'extensions', 'devices', 'numbers', 'calls',
        'extension_members', 'flows', 'flow_versions', 'audio_files', 'trunks', 'messages', 'recordings',
        'callbacks']
    loop
        execute format($policy$alter policy customer on %I using (
            tenant_id = (select platform.current_tenant())
            and ((select platform.current_customer()) is null
                or %I = (select platform.current_customer())))$policy$,
            name, case name when 'customers' then 'id' else 'customer_id' end);
    end loop;
    foreach name in array array['audio_files', 'trunks']
    loop
        execute format(
            'create trigger touch before update on %I for each row execute function platform.touch_updated_at()',
            name);
    end loop;
end $$;

-- Every PBX has its rules from the start: an empty draft, nothing published.
create function pbx_rules() returns trigger language plpgsql as $$
begin
    execute format($sql$insert into %I.flows (id, tenant_id, customer_id, pbx_id, kind, name, draft)
        values (gen_random_uuid(), $1, $2, $3, 'routing', 'routing', '{"rules": []}')$sql$, tg_table_schema)
        using new.tenant_id, new.customer_id, new.id;
    return null;
end $$;
create trigger rules after insert on pbxs for each row execute function pbx_rules();
insert into flows (id, tenant_id, customer_id, pbx_id, kind, name, draft)
    select gen_random_uuid(), tenant_id, customer_id, id, 'routing', 'routing', '{"rules": []}' from pbxs;

create trigger touch_pbx after insert or update or delete on extension_members
    for each row execute function touch_pbx();
create trigger touch_pbx after insert or update or delete on trunks
    for each row execute function touch_pbx();
-- Which sounds there are, not how far their conversion is.
create trigger touch_pbx after insert or delete on audio_files
    for each row execute function touch_pbx();
-- Calls notice what is published, and what it is called; not drafts.
create trigger touch_pbx after update on flows for each row
    when (new.published is distinct from old.published or new.name is distinct from old.name)
    execute function touch_pbx();
create trigger touch_pbx_gone after delete on flows for each row
    when (old.published is not null) execute function touch_pbx();

-- A number that leaves its PBX, or is pointed to an extension, leaves what it led to before.
create or replace function number_leaves() returns trigger language plpgsql as $$
begin
    if old.pbx_id is not null and new.pbx_id is null then
        new.extension_id := null;
        new.destination := null;
    end if;
    return new;
end $$;
