-- What a tenant has said of its collections. A collection needs no row: documents name it, and without one its language
-- is English and it declares no attributes.
create table tessera.collections (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  name text not null check (length(name) between 1 and 64),
  -- One of PostgreSQL's built-in text search configurations: how its documents' words are stemmed.
  language text not null default 'english',
  -- [{ "name": "year", "type": "number" }, ...]: attributes of `metadata` that are kept as typed, indexed rows.
  attributes jsonb not null default '[]' check (jsonb_typeof(attributes) = 'array'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, name)
);

alter table tessera.collections enable row level security;
alter table tessera.collections force row level security;

create policy tenant_reads on tessera.collections for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.collections for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_updates on tessera.collections for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
create policy tenant_deletes on tessera.collections for delete to tessera_tenant
  using (tenant_id = tessera.current_tenant());

grant select, delete, insert (tenant_id, name, language, attributes), update (language, attributes, updated_at)
  on tessera.collections to tessera_tenant;
