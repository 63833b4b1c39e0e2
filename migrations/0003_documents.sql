-- What users store and get back.
create table tessera.documents (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  id uuid not null,
  collection text not null check (length(collection) between 1 and 64),
  external_id text check (length(external_id) between 1 and 512),
  title text not null,
  body text not null,
  url text,
  metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  language text not null default 'english',
  -- sha256 of everything that decides the chunks and of the metadata: an unchanged document costs nothing.
  content_hash bytea not null check (length(content_hash) = 32),
  version integer not null default 1 check (version > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, collection, external_id)
);

-- `documents(filter: { collection })` pages through one collection in the order of ids, which is the order of creation.
create index documents_by_collection on tessera.documents (tenant_id, collection, id);

alter table tessera.documents enable row level security;
alter table tessera.documents force row level security;

create policy tenant_reads on tessera.documents for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.documents for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_updates on tessera.documents for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy tenant_deletes on tessera.documents for delete to tessera_tenant
  using (tenant_id = tessera.current_tenant());

grant select, insert, delete on tessera.documents to tessera_tenant;
-- A document never changes its tenant or its id.
grant update (collection, external_id, title, body, url, metadata, language, content_hash, version, updated_at)
  on tessera.documents to tessera_tenant;
