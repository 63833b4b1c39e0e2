-- Two models of one tenant: the active one, which searches look at, and a candidate beside it, which every write feeds as well.
-- The row says where the way from one to the other stands, so that whoever is stopped leaves something to go on with.

alter table tessera.tenant_models
  -- The model in whose place this one was added. Null for a tenant's first.
  add column replaces smallint references tessera.models (id),
  add column role_changed_at timestamptz not null default now(),
  -- The job of the backfill, the chunk up to which chunks were queued, and when the last of them was.
  add column job_id uuid,
  add column filled_to uuid,
  add column filled_at timestamptz,
  -- When the last vector of a retired model was erased.
  add column emptied_at timestamptz;

create unique index tenant_models_one_candidate on tessera.tenant_models (tenant_id) where role = 'candidate';

-- Roles are the operator's to change.
create policy operator_inserts on tessera.tenant_models for insert to tessera_operator with check (role = 'candidate');
grant insert (tenant_id, model_id, role, replaces),
  update (role, replaces, role_changed_at, job_id, filled_to, filled_at, emptied_at) on tessera.tenant_models to tessera_operator;
-- What was measured of a model that is retired tells nothing of the same model added again.
create policy operator_deletes on tessera.recall_curves for delete to tessera_operator using (true);
grant delete on tessera.recall_curves to tessera_operator;

-- The worker finds, across tenants, what is yet to be filled or emptied.
create policy worker_reads_unfinished on tessera.tenant_models for select to tessera_worker using (
  role <> 'retired' and replaces is not null and filled_at is null or role = 'retired' and emptied_at is null
);
create policy worker_updates on tessera.tenant_models for update to tessera_worker
  using (tenant_id = tessera.current_tenant()) with check (tenant_id = tessera.current_tenant());
grant update (job_id, filled_to, filled_at, emptied_at) on tessera.tenant_models to tessera_worker;

-- A backfill is a job like any other; the worker opens it.
alter table tessera.jobs drop constraint jobs_kind_check,
  add constraint jobs_kind_check check (kind in ('write', 'reembed', 'delete', 'backfill'));
create policy worker_inserts on tessera.jobs for insert to tessera_worker
  with check (tenant_id = tessera.current_tenant() and kind = 'backfill');
grant insert (tenant_id, id, kind, total, created_by), update (total) on tessera.jobs to tessera_worker;
grant insert (job_id) on tessera.embedding_jobs to tessera_worker;

-- Refuses a search that was planned for a model which is not the tenant's active one any more, in the statement that searches
-- and so by the rows that it sees. A tenant without a model has no vectors, and nothing to refuse.
create function tessera.require_active_model(model integer) returns boolean
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
declare
  tenant text := tessera.current_tenant();
  active integer;
begin
  select m.model_id into active from tessera.tenant_models m where m.tenant_id = tenant and m.role = 'active';
  if active <> model then
    raise exception 'model % is not the active one', model using errcode = 'TS003';
  end if;
  return true;
end
$$;

-- Numbers and nothing else, past the policies: of every tenant for the operator, and for the worker which models are in use.
create policy counter_reads on tessera.tenant_models for select to tessera_counter using (true);
create policy counter_reads on tessera.unembeddable_chunks for select to tessera_counter using (true);
alter policy counter_reads on tessera.embedding_jobs using (true);
grant select (tenant_id, model_id, role) on tessera.tenant_models to tessera_counter;
grant select (tenant_id, model_id, chunk_id) on tessera.unembeddable_chunks to tessera_counter;
grant select (chunk_id, stand_in) on tessera.embeddings to tessera_counter;
grant select (model_id) on tessera.embedding_jobs to tessera_counter;
grant select (id) on tessera.chunks to tessera_counter;

create function tessera.models_in_use() returns setof smallint
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select distinct m.model_id from tessera.tenant_models m where m.role <> 'retired';
end;

-- What each model of some tenants has. `missing`: chunks with which the active model is through, and a candidate is not.
create function tessera.model_counts(tenants text[]) returns table (
  tenant_id text, model_id smallint, vectors integer, waiting integer, dead integer, missing integer)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select m.tenant_id, m.model_id,
    (select count(*) from tessera.embeddings e
      where e.tenant_id = m.tenant_id and e.model_id = m.model_id)::integer,
    (select count(*) from tessera.embedding_jobs j
      where j.tenant_id = m.tenant_id and j.model_id = m.model_id and j.dead_at is null)::integer,
    (select count(*) from tessera.embedding_jobs j
      where j.tenant_id = m.tenant_id and j.model_id = m.model_id and j.dead_at is not null)::integer,
    case when m.role = 'candidate' then (select count(*) from (
        select e.chunk_id from tessera.embeddings e
        where e.tenant_id = m.tenant_id and e.model_id = a.model_id and e.stand_in = 0
        union all
        select u.chunk_id from tessera.unembeddable_chunks u
        where u.tenant_id = m.tenant_id and u.model_id = a.model_id
      ) done
      where not exists (select from tessera.embeddings e
          where e.tenant_id = m.tenant_id and e.chunk_id = done.chunk_id and e.model_id = m.model_id and e.stand_in = 0)
        and not exists (select from tessera.unembeddable_chunks u
          where u.tenant_id = m.tenant_id and u.chunk_id = done.chunk_id and u.model_id = m.model_id))::integer else 0 end
  from tessera.tenant_models m
  left join tessera.tenant_models a on a.tenant_id = m.tenant_id and a.role = 'active'
  where m.tenant_id = any (tenants);
end;

grant tessera_counter to current_user;
grant create on schema tessera to tessera_counter;
alter function tessera.models_in_use() owner to tessera_counter;
alter function tessera.model_counts(text[]) owner to tessera_counter;
revoke create on schema tessera from tessera_counter;
revoke all on function tessera.models_in_use(), tessera.model_counts(text[]) from public;
grant execute on function tessera.models_in_use() to tessera_operator, tessera_worker;
grant execute on function tessera.model_counts(text[]) to tessera_operator;
revoke tessera_counter from current_user;
