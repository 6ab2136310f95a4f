-- A greeting that a person recorded is a sound like any other. Whose it is says who may replace it; a
-- sound whose extension is gone stays, because something else may play it.
alter table audio_files
    add column extension_id uuid,
    add constraint audio_extension_fkey foreign key (extension_id, pbx_id, customer_id)
        references extensions (id, pbx_id, customer_id) on delete set null (extension_id);
create index audio_files_extension on audio_files (extension_id) where extension_id is not null;
