-- What an attached table leaves of a deleted tenant: its row in `sources`, where all of the table is the tenant's, and faults.

-- Whose fault it is, where that is known: of a table that is one tenant's, and of rows of a tenant that was deleted.
alter table tessera.source_faults add column tenant text;

grant tessera_watcher to current_user;

create or replace function tessera.note_source_fault(source text, key text, reason text) returns void
language sql security definer
set search_path = pg_catalog, pg_temp
begin atomic
  insert into tessera.source_faults as f (source, key, reason, tenant)
  values (source, key, left(reason, 500), coalesce(
    (select s.tenant from tessera.sources s where s.name = source),
    case when reason = format('the tenant %s was deleted; its rows are not followed', substr(key, 8)) then substr(key, 8) end))
  on conflict on constraint source_faults_pkey do update
  set reason = excluded.reason, noted_at = now(), tenant = excluded.tenant;
end;

grant update (tenant) on tessera.source_faults to tessera_watcher;
set local role tessera_watcher;
update tessera.source_faults f set tenant = coalesce(
  (select s.tenant from tessera.sources s where s.name = f.source),
  case when f.reason = format('the tenant %s was deleted; its rows are not followed', substr(f.key, 8)) then substr(f.key, 8) end);
reset role;

revoke tessera_watcher from current_user;

create policy eraser_reads on tessera.sources for select to tessera_eraser using (true);
create policy eraser_deletes on tessera.sources for delete to tessera_eraser using (true);
create policy eraser_reads on tessera.source_faults for select to tessera_eraser using (true);
create policy eraser_deletes on tessera.source_faults for delete to tessera_eraser using (true);
grant select (name, tenant, ctid), delete on tessera.sources to tessera_eraser;
grant select (tenant, ctid), delete on tessera.source_faults to tessera_eraser;

-- Tables of an application that were the tenant's. Without their row in `sources` their triggers note nothing, as after
-- `tessera detach`; only the tables' owner can drop them.
alter table tessera.tenant_deletions add column detached jsonb not null default '[]';
grant update (detached) on tessera.tenant_deletions to tessera_eraser;

-- Every table with a tenant's rows and the column that says whose they are.
create function tessera.erased_tables() returns table (name name, of_column name, depth integer)
language sql stable
begin atomic
  select t.name, 'tenant_id'::name, t.depth from tessera.tenant_tables() t
  union all
  values ('sources'::name, 'tenant'::name, 0), ('source_faults'::name, 'tenant'::name, 0);
end;

grant tessera_eraser to current_user;

-- One bounded step of a deletion, as migration tenants_that_stay_deleted has it, for tables whose column has another name, too.
create or replace function tessera.erase_tenant(tenant text, most integer, out state text, out rows integer)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  deletion tessera.tenant_deletions;
  target record;
  gone bigint;
  counts jsonb := '{}';
  -- What is to be erased of a table that keeps something; now() is the same in all of a step.
  limits constant jsonb := '{ "revoked_tokens": " and expires_at < now() - interval ''1 hour''" }';
begin
  rows := 0;
  state := 'busy';
  select d.* into deletion from tessera.tenant_deletions d
  where d.tenant_id = tenant and d.finished_at is null for update skip locked;
  if not found then
    return;
  end if;
  deletion.detached := (
    select coalesce(jsonb_agg(known.name order by known.name), '[]')
    from (
      select s.name from tessera.sources s where s.tenant = erase_tenant.tenant
      union
      select * from jsonb_array_elements_text(deletion.detached)
    ) known (name)
  );
  for target in
    select t.name, t.of_column, to_regclass(format('tessera.%I', t.name)) as id from tessera.erased_tables() t
    -- First of all what tells tiers to build indexes, and what has rows noted.
    order by t.name in ('tenant_models', 'corpus_stats', 'sources') desc, t.depth desc, t.name
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
      execute format('delete from tessera.%I where %I = $1 and ctid = any (array(select ctid from tessera.%1$I where %2$I = $1%3$s limit $2))',
        target.name, target.of_column, coalesce(limits ->> target.name, ''))
        using tenant, most - rows;
      get diagnostics gone = row_count;
      rows := rows + gone;
      deletion.erased := deletion.erased || jsonb_build_object(target.name, coalesce((deletion.erased ->> target.name)::bigint, 0) + gone);
    end if;
  end loop;
  state := 'erasing';
  if rows = 0 then
    perform from tessera.tenants t where t.id = tenant for update;
    for target in select t.name, t.of_column from tessera.erased_tables() t order by t.name loop
      execute format('select count(*) from tessera.%I where %I = $1%s', target.name, target.of_column, coalesce(limits ->> target.name, ''))
        into gone using tenant;
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
      update tessera.revoked_tokens r set revoked_by = '' where r.tenant_id = tenant;
      select count(*), max(r.expires_at) + interval '1 hour' into deletion.kept_revocations, deletion.kept_revocations_until
      from tessera.revoked_tokens r where r.tenant_id = tenant;
      counts := counts || jsonb_build_object('revoked_tokens', deletion.kept_revocations);
      select counts || jsonb_build_object('tenants', count(*)) into deletion.remaining from tessera.tenants t where t.id = tenant;
      deletion.finished_at := clock_timestamp();
      state := 'done';
    end if;
  end if;
  update tessera.tenant_deletions d
  set started_at = coalesce(d.started_at, now()), finished_at = deletion.finished_at, erased = deletion.erased,
    remaining = deletion.remaining, waiting_for = deletion.waiting_for, detached = deletion.detached,
    kept_revocations = deletion.kept_revocations, kept_revocations_until = deletion.kept_revocations_until
  where d.tenant_id = tenant and d.id = deletion.id;
end
$$;

revoke tessera_eraser from current_user;

-- What the current tenant may store: asked by a worker that writes changes of attached tables, which keeps no limits in memory.
grant tessera_meter to current_user;
grant create on schema tessera to tessera_meter;
create function tessera.storage_limits(out documents integer, out chunks integer)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select q.documents, q.chunks from tessera.quota_limits q
  where q.tenant_id = tessera.current_tenant() and q.key_id = '00000000-0000-0000-0000-000000000000';
end;
alter function tessera.storage_limits() owner to tessera_meter;
revoke create on schema tessera from tessera_meter;
revoke all on function tessera.storage_limits() from public;
grant execute on function tessera.storage_limits() to tessera_tenant;
revoke tessera_meter from current_user;

select tessera.guard_tenant_tables();
