-- When it was decided whether a mail tells of the message. Messages from before are not told of: the
-- default is theirs alone.
alter table messages add column mailed_at timestamptz default now();
alter table messages alter column mailed_at drop default;
create index messages_unmailed on messages (received_at) where mailed_at is null;
