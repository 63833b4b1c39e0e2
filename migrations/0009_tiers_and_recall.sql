-- How each tenant is indexed, how well its searches were measured to answer, and who may count for that.

-- The name of the partial HNSW index that serves the tier `hnsw`, the number of vectors when they were last counted, and
-- since when the tier is what it is. A count is written only when it has changed.
alter table tessera.tenant_models
  add column hnsw_index text,
  add column tier_changed_at timestamptz not null default now(),
  add column chunk_count integer check (chunk_count >= 0),
  add column counted_at timestamptz;

create policy operator_updates on tessera.tenant_models for update to tessera_operator using (true) with check (true);
grant update (tier, hnsw_index, tier_changed_at, chunk_count, counted_at) on tessera.tenant_models to tessera_operator;

-- Indexes are the owner's to build, and what it notes about them it notes as the operator: row-level security is forced,
-- so by itself an owner sees nobody's rows.
grant tessera_operator to current_user;

-- Vectors of every tenant and model, as numbers and nothing else: read past the policy by a role that can do nothing else
-- and sees two columns of one table.
do $$
begin
  create role tessera_counter nologin noinherit;
exception when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema tessera to tessera_counter;
create policy counter_reads on tessera.embeddings for select to tessera_counter using (true);
grant select (tenant_id, model_id) on tessera.embeddings to tessera_counter;

create function tessera.embedding_counts() returns table (tenant_id text, model_id smallint, chunks integer)
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select e.tenant_id, e.model_id, count(*)::integer from tessera.embeddings e group by e.tenant_id, e.model_id;
end;

-- An owner must be able to create in the schema for the moment in which it becomes the owner. The migrating role must be
-- a member for that moment only: a member that inherits would have the policy above applied to itself.
grant tessera_counter to current_user;
grant create on schema tessera to tessera_counter;
alter function tessera.embedding_counts() owner to tessera_counter;
revoke create on schema tessera from tessera_counter;
revoke all on function tessera.embedding_counts() from public;
grant execute on function tessera.embedding_counts() to tessera_operator;
revoke tessera_counter from current_user;

-- What a tenant's searches were last measured to find, and how long they took: one row a model, written by calibration.
create table tessera.recall_curves (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  model_id smallint not null references tessera.models (id),
  -- What was measured: a graph forgets, a covering index does not, and both get slower as a tenant grows.
  tier text not null check (tier in ('exact', 'hnsw')),
  chunks integer not null check (chunks > 0),
  -- Vectors of the tenant that served as queries.
  sample integer not null check (sample > 0),
  -- [{ candidates, efSearch, stageOneRecall, recall, p50Ms, p95Ms }, ...]
  settings jsonb not null check (jsonb_typeof(settings) = 'array'),
  -- The same for every full vector, which misses nothing.
  exact_p50_ms float8 not null,
  exact_p95_ms float8 not null,
  measured_at timestamptz not null default now(),
  primary key (tenant_id, model_id)
);

alter table tessera.recall_curves enable row level security;
alter table tessera.recall_curves force row level security;

create policy tenant_reads on tessera.recall_curves for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy operator_reads on tessera.recall_curves for select to tessera_operator using (true);
create policy operator_inserts on tessera.recall_curves for insert to tessera_operator with check (true);
create policy operator_updates on tessera.recall_curves for update to tessera_operator using (true) with check (true);

grant select on tessera.recall_curves to tessera_tenant;
grant select, insert, update (tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms, measured_at)
  on tessera.recall_curves to tessera_operator;

-- Numbers that were measured on this server, in place of a default.
create table tessera.engine_settings (
  name text primary key check (name in ('tier_crossover')),
  value float8 not null,
  -- What it was computed from.
  detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  measured_at timestamptz not null default now()
);

alter table tessera.engine_settings enable row level security;
alter table tessera.engine_settings force row level security;

create policy operator_reads on tessera.engine_settings for select to tessera_operator using (true);
create policy operator_inserts on tessera.engine_settings for insert to tessera_operator with check (true);
create policy operator_updates on tessera.engine_settings for update to tessera_operator using (true) with check (true);

grant select, insert (name, value, detail), update (value, detail, measured_at) on tessera.engine_settings to tessera_operator;
