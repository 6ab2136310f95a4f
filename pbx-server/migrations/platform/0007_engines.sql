-- What carries a tenant's calls, where the installation runs both engines. Elsewhere nobody asks.
alter table tenants add column engine text not null default 'embedded' check (engine in ('embedded', 'freeswitch'));
