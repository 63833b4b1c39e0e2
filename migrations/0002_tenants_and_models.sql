-- Who is sealed off from whom.
create table tessera.tenants (
  id text primary key check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  name text not null default '',
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz not null default now()
);

alter table tessera.tenants enable row level security;
alter table tessera.tenants force row level security;

create policy tenant_reads_itself on tessera.tenants for select to tessera_tenant, tessera_worker
  using (id = tessera.current_tenant());
-- The first write of a tenant that a trusted issuer named creates its row.
create policy tenant_registers_itself on tessera.tenants for insert to tessera_tenant
  with check (id = tessera.current_tenant() and status = 'active');
create policy operator_reads on tessera.tenants for select to tessera_operator using (true);
create policy operator_inserts on tessera.tenants for insert to tessera_operator with check (true);
create policy operator_updates on tessera.tenants for update to tessera_operator using (true) with check (true);

grant select, insert (id, name) on tessera.tenants to tessera_tenant;
grant select on tessera.tenants to tessera_worker;
grant select, insert, update (name, status) on tessera.tenants to tessera_operator;

-- Embedding models: public facts, the same for every tenant.
create table tessera.models (
  id smallint generated always as identity primary key,
  name text not null unique,
  dimensions integer not null check (dimensions between 256 and 16000),
  created_at timestamptz not null default now(),
  unique (id, dimensions)
);

alter table tessera.models enable row level security;
alter table tessera.models force row level security;

create policy everyone_reads on tessera.models for select to tessera_tenant, tessera_worker, tessera_operator
  using (true);
-- Gateways and workers register the model that they are configured with, whichever starts first.
create policy programs_insert on tessera.models for insert to tessera_operator, tessera_worker with check (true);

grant select on tessera.models to tessera_tenant;
grant select, insert (name, dimensions) on tessera.models to tessera_operator, tessera_worker;

-- How a tenant is indexed, and with which model: its vectors belong to exactly one active model.
create table tessera.tenant_models (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  model_id smallint not null references tessera.models (id),
  role text not null default 'active' check (role in ('active', 'candidate', 'retired')),
  tier text not null default 'exact' check (tier in ('exact', 'hnsw')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, model_id)
);

create unique index tenant_models_one_active on tessera.tenant_models (tenant_id) where role = 'active';

alter table tessera.tenant_models enable row level security;
alter table tessera.tenant_models force row level security;

create policy tenant_reads_itself on tessera.tenant_models for select to tessera_tenant, tessera_worker
  using (tenant_id = tessera.current_tenant());
create policy tenant_registers_itself on tessera.tenant_models for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant() and role = 'active' and tier = 'exact');
create policy operator_reads on tessera.tenant_models for select to tessera_operator using (true);

grant select, insert (tenant_id, model_id) on tessera.tenant_models to tessera_tenant;
grant select on tessera.tenant_models to tessera_worker, tessera_operator;
