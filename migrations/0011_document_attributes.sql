-- What a collection declares of its documents' metadata, as typed rows. The operators of jsonb are not leakproof, so that
-- under row-level security no index serves them; comparisons of text, numbers, booleans and moments are leakproof.
create table tessera.document_attributes (
  tenant_id text not null,
  document_id uuid not null,
  name text not null check (length(name) between 1 and 63),
  -- 0, but for the elements of a text list: from 1 on.
  ordinal integer not null default 0 check (ordinal >= 0),
  -- The collation lets the index serve `startsWith`. At most 2,048 bytes, because an entry of the index takes 2,704.
  text_value text collate "C" check (octet_length(text_value) <= 2048),
  -- One element of a text list: a condition on a text must not meet it.
  item_value text collate "C" check (octet_length(item_value) <= 2048),
  number_value double precision,
  boolean_value boolean,
  date_value timestamptz,
  primary key (tenant_id, document_id, name, ordinal),
  foreign key (tenant_id, document_id) references tessera.documents (tenant_id, id) on delete cascade,
  check (num_nonnulls(text_value, item_value, number_value, boolean_value, date_value) = 1)
);

-- One for each type. The document's id stands behind the value, so that the index alone answers which documents pass.
create index document_attributes_text on tessera.document_attributes (tenant_id, name, text_value, document_id)
  where text_value is not null;
create index document_attributes_item on tessera.document_attributes (tenant_id, name, item_value, document_id)
  where item_value is not null;
create index document_attributes_number on tessera.document_attributes (tenant_id, name, number_value, document_id)
  where number_value is not null;
create index document_attributes_boolean on tessera.document_attributes (tenant_id, name, boolean_value, document_id)
  where boolean_value is not null;
create index document_attributes_date on tessera.document_attributes (tenant_id, name, date_value, document_id)
  where date_value is not null;

-- Index-only scans need the visibility map, so inserts alone must bring the vacuum.
alter table tessera.document_attributes set (
  autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02
);

alter table tessera.document_attributes enable row level security;
alter table tessera.document_attributes force row level security;

create policy tenant_reads on tessera.document_attributes for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.document_attributes for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_deletes on tessera.document_attributes for delete to tessera_tenant
  using (tenant_id = tessera.current_tenant());

grant select, insert, delete on tessera.document_attributes to tessera_tenant;

-- Where a document stands in its owner's own process: published, draft, archived.
alter table tessera.documents add column status text not null default 'published'
  check (length(status) between 1 and 64);
grant update (status) on tessera.documents to tessera_tenant;
