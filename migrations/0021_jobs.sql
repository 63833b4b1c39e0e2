-- Jobs that callers can follow, turns between tenants, and texts that no provider takes.

-- What a write, a re-embedding or a deletion left to be done. How many chunks wait is not kept here: the outbox knows.
create table tessera.jobs (
  tenant_id text not null references tessera.tenants (id) on delete cascade,
  id uuid not null,
  kind text not null check (kind in ('write', 'reembed', 'delete')),
  -- Chunks to embed, or documents to delete.
  total integer not null default 0 check (total >= 0),
  -- Kept by the worker, in the transactions that do it: one update a batch, however many chunks.
  done integer not null default 0 check (done >= 0),
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);

create index jobs_updated_at on tessera.jobs (updated_at);
create index jobs_deleting on tessera.jobs (id) where kind = 'delete' and done < total;

alter table tessera.jobs enable row level security;
alter table tessera.jobs force row level security;

create policy tenant_reads on tessera.jobs for select to tessera_tenant, tessera_reader
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.jobs for insert to tessera_tenant
  with check (tenant_id = tessera.current_tenant());
create policy tenant_updates on tessera.jobs for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
-- The worker finds deletions that are not through, and what nobody follows any more, across tenants.
create policy worker_reads on tessera.jobs for select to tessera_worker
  using (tenant_id = tessera.current_tenant() or kind = 'delete' and done < total or updated_at < now() - interval '30 days');
create policy worker_updates on tessera.jobs for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
-- Nobody follows a job on which nothing has happened for a month.
create policy worker_deletes_old on tessera.jobs for delete to tessera_worker
  using (updated_at < now() - interval '30 days');

grant select, insert (tenant_id, id, kind, total, created_by), update (total, done, updated_at) on tessera.jobs to tessera_tenant;
grant select on tessera.jobs to tessera_reader;
grant select (tenant_id, id, kind, total, done, updated_at), update (done, updated_at), delete on tessera.jobs to tessera_worker;

-- Which job a chunk is embedded for; the job may be cleared away before. A text that the provider refuses again and again is a
-- dead letter: it waits for somebody to send it again, and holds up nothing.
alter table tessera.embedding_jobs
  add column job_id uuid,
  add column rejections integer not null default 0,
  add column dead_at timestamptz;

-- Tenants take turns, so the claim goes from one tenant to the next.
drop index tessera.embedding_jobs_available;
create index embedding_jobs_available on tessera.embedding_jobs (model_id, tenant_id, available_at) where dead_at is null;
create index embedding_jobs_by_job on tessera.embedding_jobs (tenant_id, job_id) where job_id is not null;
create index embedding_jobs_dead on tessera.embedding_jobs (tenant_id, chunk_id) where dead_at is not null;

-- To send a dead letter again, and to have a text embedded anew.
create policy tenant_updates on tessera.embedding_jobs for update to tessera_tenant
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
grant insert (job_id), update (job_id, attempts, rejections, available_at, dead_at) on tessera.embedding_jobs to tessera_tenant;
grant update (rejections, dead_at) on tessera.embedding_jobs to tessera_worker;

-- What of a job waits and what is dead, for whoever may read jobs: numbers of all its chunks, those of documents included that
-- the reader may not see. Under the reader's policies a job would seem to be finished where all that waits is hidden.
create policy counter_reads on tessera.embedding_jobs for select to tessera_counter
  using (tenant_id = tessera.current_tenant());
grant select (tenant_id, job_id, dead_at) on tessera.embedding_jobs to tessera_counter;

create function tessera.job_outbox(job uuid, out is_waiting boolean, out failed integer)
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  tenant text := tessera.current_tenant();
begin
  is_waiting := exists (
    select from tessera.embedding_jobs j where j.tenant_id = tenant and j.job_id = job and j.dead_at is null
  );
  select count(*) into failed from tessera.embedding_jobs j
  where j.tenant_id = tenant and j.job_id = job and j.dead_at is not null;
end
$$;

grant tessera_counter to current_user;
grant create on schema tessera to tessera_counter;
alter function tessera.job_outbox(uuid) owner to tessera_counter;
revoke create on schema tessera from tessera_counter;
revoke all on function tessera.job_outbox(uuid) from public;
grant execute on function tessera.job_outbox(uuid) to tessera_reader;
revoke tessera_counter from current_user;

select tessera.guard_tenant_tables();
