-- The transactional outbox: a row is written in the transaction that writes the chunk and deleted in the transaction
-- that writes its vector. It names things and holds no text.
create table tessera.embedding_jobs (
  tenant_id text not null,
  model_id smallint not null references tessera.models (id),
  chunk_id uuid not null,
  attempts integer not null default 0,
  -- A claim moves this into the future (the lease); a failure too (the back-off).
  available_at timestamptz not null default now(),
  last_error text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, chunk_id, model_id),
  foreign key (tenant_id, chunk_id) references tessera.chunks (tenant_id, id) on delete cascade
);

create index embedding_jobs_available on tessera.embedding_jobs (available_at, tenant_id);

-- A queue turns over completely; a share of its rows says nothing about how many are dead.
alter table tessera.embedding_jobs set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

alter table tessera.embedding_jobs enable row level security;
alter table tessera.embedding_jobs force row level security;

create policy tenant_reads on tessera.embedding_jobs for select to tessera_tenant
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.embedding_jobs for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
-- The one thing that is seen across tenants: which chunks wait.
create policy worker_reads on tessera.embedding_jobs for select to tessera_worker using (true);
create policy worker_updates on tessera.embedding_jobs for update to tessera_worker using (true) with check (true);
create policy worker_deletes on tessera.embedding_jobs for delete to tessera_worker using (true);

grant select, insert (tenant_id, model_id, chunk_id) on tessera.embedding_jobs to tessera_tenant;
grant select, update (attempts, available_at, last_error), delete on tessera.embedding_jobs to tessera_worker;
