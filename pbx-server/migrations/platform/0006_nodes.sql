-- FreeSWITCH nodes that carry calls. The installation's: no tenant sees or owns one.
create table nodes (
    id uuid primary key,
    name text not null constraint node_name_key unique,
    -- Where phones and lines reach it.
    host text not null,
    port integer not null check (port between 1 and 65535),
    -- Where we tell it what to do.
    control_host text not null,
    control_port integer not null check (control_port between 1 and 65535),
    sealed_password bytea not null,
    -- Its share of new calls, beside the others'.
    weight integer not null check (weight between 1 and 100),
    -- Takes no new calls.
    draining boolean not null default false,
    notes text not null default '' check (length(notes) <= 1000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint node_control_key unique (control_host, control_port)
);
create trigger touch before update on nodes for each row execute function touch_updated_at();

create function nodes_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('voxera_config', 'nodes');
    return null;
end $$;
create trigger changed after insert or update or delete on nodes
    for each statement execute function nodes_changed();

alter table nodes enable row level security;
alter table nodes force row level security;
create policy platform on nodes using ((select platform.is_platform()));
grant select, insert, update, delete on nodes to voxera_app;
