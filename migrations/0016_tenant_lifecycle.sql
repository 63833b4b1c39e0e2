-- The life of a tenant: suspended, deleted with a receipt, exported; and canaries, by which a gateway notices that tenants
-- are not kept apart.
--
--   tessera_eraser     erases what belongs to a tenant that is being deleted; nobody logs in as it or switches to it
--   tessera_exporter   reads one tenant whole, in its scope, whoever may see what in it; for the worker's login alone
do $$
declare
  role_name text;
begin
  foreach role_name in array array['tessera_eraser', 'tessera_exporter'] loop
    begin
      execute format('create role %I nologin noinherit', role_name);
    exception when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

grant tessera_exporter to tessera_worker_login;
grant usage on schema tessera to tessera_eraser, tessera_exporter;

alter table tessera.tenants drop constraint tenants_status_check,
  add constraint tenants_status_check check (status in ('active', 'suspended', 'deleting'));

-- Which tenants the worker leaves alone.
create policy worker_reads_inactive on tessera.tenants for select to tessera_worker using (status <> 'active');

-- Deletions of tenants, and their receipts. A row outlives its tenant, so it refers to none: it is what says that a tenant
-- was deleted, so that a token that is still good does not bring it back to life.
create table tessera.tenant_deletions (
  tenant_id text not null check (tenant_id ~ '^[A-Za-z0-9_-]{1,64}$'),
  id uuid not null,
  requested_by text not null,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- { "documents": 12, ... }: rows erased so far, of each table.
  erased jsonb not null default '{}' check (jsonb_typeof(erased) = 'object'),
  -- The same tables and what is left in each, counted in the transaction that finished.
  remaining jsonb check (jsonb_typeof(remaining) = 'object'),
  -- Indexes of the tenant's own that are still there; the owner drops them.
  waiting_for jsonb not null default '[]' check (jsonb_typeof(waiting_for) = 'array'),
  -- Since when the id may be used again, because an operator has created the tenant anew.
  lifted_at timestamptz,
  primary key (tenant_id, id),
  check ((finished_at is null) = (remaining is null)),
  check (lifted_at is null or finished_at is not null)
);

create unique index tenant_deletions_open on tessera.tenant_deletions (tenant_id) where finished_at is null;

alter table tessera.tenant_deletions enable row level security;
alter table tessera.tenant_deletions force row level security;

create policy tenant_reads on tessera.tenant_deletions for select to tessera_tenant, tessera_reader, tessera_admin
  using (tenant_id = tessera.current_tenant());
create policy worker_reads on tessera.tenant_deletions for select to tessera_worker
  using (tenant_id = tessera.current_tenant() or finished_at is null);
create policy operator_reads on tessera.tenant_deletions for select to tessera_operator using (true);
create policy operator_inserts on tessera.tenant_deletions for insert to tessera_operator with check (true);
create policy operator_updates on tessera.tenant_deletions for update to tessera_operator using (true) with check (true);
create policy eraser_reads on tessera.tenant_deletions for select to tessera_eraser using (true);
create policy eraser_updates on tessera.tenant_deletions for update to tessera_eraser using (true) with check (true);

grant select (tenant_id, finished_at, lifted_at) on tessera.tenant_deletions to tessera_tenant, tessera_reader, tessera_admin;
grant select (tenant_id, requested_at, finished_at, lifted_at) on tessera.tenant_deletions to tessera_worker;
grant select, insert (tenant_id, id, requested_by), update (lifted_at) on tessera.tenant_deletions to tessera_operator;
grant select, update (started_at, finished_at, erased, remaining, waiting_for) on tessera.tenant_deletions to tessera_eraser;

-- Refuses the scope of a tenant that is suspended or deleted; every scope ends with it, and every write is behind it, too. One
-- look at a primary key. A tenant that is not known is not refused: its first write registers it. Roles that do not act
-- for a tenant, and the one that exports what a suspended tenant holds, are let through.
create function tessera.require_active_tenant() returns void
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
declare
  tenant text := tessera.current_tenant();
  state text;
begin
  if tenant is null or current_user in ('tessera_gate', 'tessera_operator', 'tessera_exporter') then
    return;
  end if;
  select t.status into state from tessera.tenants t where t.id = tenant;
  if state = 'active' then
    return;
  elsif state = 'suspended' then
    raise exception 'tenant % is suspended', tenant using errcode = 'TS001';
  elsif state is not null or exists (
    select from tessera.tenant_deletions d where d.tenant_id = tenant and d.lifted_at is null
  ) then
    raise exception 'tenant % is deleted', tenant using errcode = 'TS002';
  end if;
end
$$;

-- What a tenant's own token may not do to a tenant that was deleted.
alter policy tenant_registers_itself on tessera.tenants with check (
  id = tessera.current_tenant() and status = 'active' and not exists (
    select from tessera.tenant_deletions d where d.tenant_id = tenants.id and d.lifted_at is null
  )
);

create function tessera.refuse_inactive_tenant() returns trigger language plpgsql as $$
begin
  perform tessera.require_active_tenant();
  return null;
end
$$;

-- A row for each tenant under the policy that guards everybody's rows. Whoever sees another's canary would see another's
-- documents. Two tenants that do not exist have one as well, so that there is something to be seen in an empty database.
create table tessera.canaries (
  tenant_id text primary key,
  created_at timestamptz not null default now()
);

alter table tessera.canaries enable row level security;
alter table tessera.canaries force row level security;

create policy tenant_reads on tessera.canaries for select to tessera_tenant, tessera_reader
  using (tenant_id = tessera.current_tenant());
create policy tenant_inserts on tessera.canaries for insert to tessera_tenant, tessera_admin
  with check (tenant_id = tessera.current_tenant());
create policy operator_inserts on tessera.canaries for insert to tessera_operator with check (true);

grant select, insert (tenant_id) on tessera.canaries to tessera_tenant;
grant select on tessera.canaries to tessera_reader;
grant insert (tenant_id) on tessera.canaries to tessera_admin, tessera_operator;

-- Their ids are nobody's: erasing such a tenant would take its canary away.
alter table tessera.tenants add constraint tenants_reserved_check check (id not in ('tessera-canary-1', 'tessera-canary-2'));

create function tessera.set_canary() returns trigger language plpgsql as $$
begin
  insert into tessera.canaries (tenant_id) values (new.id) on conflict do nothing;
  return null;
end
$$;
create trigger sets_canary after insert on tessera.tenants for each row execute function tessera.set_canary();

-- An owner need not see any tenant's rows; the operator sees every tenant's name.
set local role tessera_operator;
insert into tessera.canaries (tenant_id) select t.id from tessera.tenants t;
insert into tessera.canaries (tenant_id) values ('tessera-canary-1'), ('tessera-canary-2') on conflict do nothing;
reset role;

-- Tables with a tenant's rows, and how many references lead from each to the tenant. Receipts are not the tenant's.
create function tessera.tenant_tables() returns table (name name, depth integer)
language sql stable
begin atomic
  with recursive tables as (
    select c.oid, c.relname
    from pg_catalog.pg_class c
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'tenant_deletions'
  ), reached (oid, depth) as (
    select t.oid, 0 from tables t
    union all
    select f.conrelid, r.depth + 1
    from reached r
    join pg_catalog.pg_constraint f on f.confrelid = r.oid and f.contype = 'f' and f.conrelid <> f.confrelid
    join tables t on t.oid = f.conrelid
  )
  select t.relname, max(r.depth) from reached r join tables t on t.oid = r.oid group by t.relname;
end;

-- Gives every table of a tenant what its lifecycle needs: writes are refused while the tenant is not active, and the eraser may
-- erase, seeing whose a row is and nothing else of it. To be called again by a migration that adds such a table.
create function tessera.guard_tenant_tables() returns void language plpgsql as $$
declare
  target regclass;
begin
  for target in select format('tessera.%I', t.name)::regclass from tessera.tenant_tables() t loop
    if not exists (select from pg_trigger g where g.tgrelid = target and g.tgname = 'tenant_is_active') then
      execute format('create trigger tenant_is_active before insert or update or delete on %s for each statement
        when (current_user in (''tessera_tenant'', ''tessera_admin'', ''tessera_worker''))
        execute function tessera.refuse_inactive_tenant()', target);
    end if;
    if not exists (select from pg_policy p where p.polrelid = target and p.polname = 'eraser_reads') then
      execute format('create policy eraser_reads on %s for select to tessera_eraser using (true)', target);
      execute format('create policy eraser_deletes on %s for delete to tessera_eraser using (true)', target);
      execute format('grant select (tenant_id, ctid), delete on %s to tessera_eraser', target);
    end if;
  end loop;
end
$$;
revoke all on function tessera.guard_tenant_tables() from public;
select tessera.guard_tenant_tables();

create policy eraser_reads on tessera.tenants for select to tessera_eraser using (true);
create policy eraser_locks on tessera.tenants for update to tessera_eraser using (true) with check (true);
create policy eraser_deletes on tessera.tenants for delete to tessera_eraser using (true);
grant select (id, status), update (status), delete on tessera.tenants to tessera_eraser;

-- One bounded step of a deletion: up to `most` rows are erased and counted in the same transaction, so whoever is stopped
-- between two steps leaves a deletion that goes on where it was. What refers to others goes first, so that no step cascades.
-- Returns what is next: `erasing`: more of the same; `waiting`: nothing is left but indexes, which their owner must drop;
-- `done`: the receipt is written; `busy`: somebody else is at it, or there is nothing to do.
--
-- At the end the tenant's own row is locked, which waits for writes that were under way and keeps others from referring to it;
-- all tables are counted; and the row goes. From then on no row of the tenant can come: its reference would not hold.
create function tessera.erase_tenant(tenant text, most integer, out state text, out rows integer)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  deletion tessera.tenant_deletions;
  target record;
  gone bigint;
  counts jsonb := '{}';
begin
  rows := 0;
  state := 'busy';
  select d.* into deletion from tessera.tenant_deletions d
  where d.tenant_id = tenant and d.finished_at is null for update skip locked;
  if not found then
    return;
  end if;
  for target in
    select t.name, to_regclass(format('tessera.%I', t.name)) as id from tessera.tenant_tables() t
    -- First of all what tells tiers to build indexes.
    order by t.name in ('tenant_models', 'corpus_stats') desc, t.depth desc, t.name
  loop
    -- Without its policies a table would look empty, and the receipt would be wrong.
    if 2 > (
      select count(*) from pg_policy p
      where p.polrelid = target.id and p.polpermissive and p.polcmd in ('r', 'd') and 'tessera_eraser'::regrole = any (p.polroles)
        and pg_get_expr(p.polqual, p.polrelid) = 'true'
    ) then
      raise exception 'the eraser has no policies on tessera.%: run "select tessera.guard_tenant_tables()" as the owner of the schema', target.name;
    end if;
    if rows < most then
      execute format('delete from tessera.%I where tenant_id = $1 and ctid = any (array(select ctid from tessera.%1$I where tenant_id = $1 limit $2))', target.name)
        using tenant, most - rows;
      get diagnostics gone = row_count;
      rows := rows + gone;
      deletion.erased := deletion.erased || jsonb_build_object(target.name, coalesce((deletion.erased ->> target.name)::bigint, 0) + gone);
    end if;
  end loop;
  state := 'erasing';
  if rows = 0 then
    perform from tessera.tenants t where t.id = tenant for update;
    for target in select t.name from tessera.tenant_tables() t order by t.name loop
      execute format('select count(*) from tessera.%I where tenant_id = $1', target.name) into gone using tenant;
      counts := counts || jsonb_build_object(target.name, gone);
    end loop;
    deletion.waiting_for := coalesce((
      select jsonb_agg(c.relname order by c.relname)
      from pg_index i
      join pg_class c on c.oid = i.indexrelid and c.relnamespace = 'tessera'::regnamespace
      where position(format('(tenant_id = %L::text)', tenant) in pg_get_expr(i.indpred, i.indrelid)) > 0
    ), '[]');
    if exists (select from jsonb_each(counts) c where c.value <> '0') then
      null;
    elsif deletion.waiting_for <> '[]' then
      state := 'waiting';
    else
      delete from tessera.tenants t where t.id = tenant;
      get diagnostics gone = row_count;
      deletion.erased := deletion.erased || jsonb_build_object('tenants', gone);
      select counts || jsonb_build_object('tenants', count(*)) into deletion.remaining from tessera.tenants t where t.id = tenant;
      deletion.finished_at := clock_timestamp();
      state := 'done';
    end if;
  end if;
  update tessera.tenant_deletions d
  set started_at = coalesce(d.started_at, now()), finished_at = deletion.finished_at, erased = deletion.erased,
    remaining = deletion.remaining, waiting_for = deletion.waiting_for
  where d.tenant_id = tenant and d.id = deletion.id;
end
$$;

-- How much tenants hold, counted now from indexes, and what share of the three tables' bytes that is (without their indexes).
-- Null where a table was never analysed.
create policy counter_reads on tessera.documents for select to tessera_counter using (true);
create policy counter_reads on tessera.chunks for select to tessera_counter using (true);
grant select (tenant_id) on tessera.documents, tessera.chunks to tessera_counter;

create function tessera.tenant_sizes(tenants text[]) returns table (
  tenant_id text, documents integer, chunks integer, embeddings integer, table_bytes float8)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with counted as (
    select t.id,
      (select count(*) from tessera.documents d where d.tenant_id = t.id)::integer as documents,
      (select count(*) from tessera.chunks c where c.tenant_id = t.id)::integer as chunks,
      (select count(*) from tessera.embeddings e where e.tenant_id = t.id)::integer as embeddings
    from unnest(tenants) t (id)
  ), bytes (name, per_row) as (
    select c.relname, pg_table_size(c.oid) / nullif(greatest(c.reltuples, 0), 0)
    from pg_class c where c.relnamespace = 'tessera'::regnamespace and c.relname in ('documents', 'chunks', 'embeddings')
  )
  select n.id, n.documents, n.chunks, n.embeddings,
    n.documents * (select b.per_row from bytes b where b.name = 'documents')
      + n.chunks * (select b.per_row from bytes b where b.name = 'chunks')
      + n.embeddings * (select b.per_row from bytes b where b.name = 'embeddings')
  from counted n;
end;

-- Everything of one tenant, whoever in it may see what, and of suspended tenants, too.
do $$
declare
  of_tenant text;
begin
  foreach of_tenant in array array['documents', 'audiences', 'collections', 'chunks', 'embeddings', 'tenant_models'] loop
    execute format('create policy exporter_reads on tessera.%I for select to tessera_exporter using (tenant_id = tessera.current_tenant())', of_tenant);
    execute format('grant select on tessera.%I to tessera_exporter', of_tenant);
  end loop;
end
$$;
create policy exporter_reads_itself on tessera.tenants for select to tessera_exporter using (id = tessera.current_tenant());
alter policy everyone_reads on tessera.models to tessera_tenant, tessera_reader, tessera_worker, tessera_operator, tessera_exporter;
grant select on tessera.tenants, tessera.models to tessera_exporter;

-- An owner must be able to create in the schema for the moment in which it becomes the owner, and whoever migrates must
-- be a member for that moment only: a member that inherits would have the policies above applied to itself.
grant tessera_eraser, tessera_counter to current_user;
grant create on schema tessera to tessera_eraser, tessera_counter;
alter function tessera.erase_tenant(text, integer) owner to tessera_eraser;
alter function tessera.tenant_sizes(text[]) owner to tessera_counter;
revoke all on function tessera.erase_tenant(text, integer), tessera.tenant_sizes(text[]) from public;
grant execute on function tessera.erase_tenant(text, integer) to tessera_worker;
grant execute on function tessera.tenant_sizes(text[]) to tessera_operator;
revoke create on schema tessera from tessera_eraser, tessera_counter;
revoke tessera_eraser, tessera_counter from current_user;
