-- A sound that goes with a mail: a path below the media folder, made of ids.
alter table mails add column attachment text;
