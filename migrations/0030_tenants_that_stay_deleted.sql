-- What was deleted stays deleted, and what was taken back stays taken back.

-- Whoever creates a tenant anew lifts its deletion first, in the same transaction; nobody else brings one back. While a deletion
-- is not finished its row keeps the id taken, and the moment at which that ends is none at which an insert could slip through:
-- what is asked is whether the deletion was lifted, and not whether it is finished.
alter policy operator_inserts on tessera.tenants with check (
  not exists (
    select from tessera.tenant_deletions d where d.tenant_id = tenants.id and d.lifted_at is null
  )
);

-- A deletion counts for more than the tenant's row: one that says "active" beside a deletion that was not lifted is a mistake. Of a
-- suspended tenant an administrator may still take back what leaked, in a scope that says that this is all it does.
create or replace function tessera.require_active_tenant() returns void
language plpgsql stable parallel safe
set plan_cache_mode = force_generic_plan
as $$
declare
  tenant text := tessera.current_tenant();
  state text;
  is_deleted boolean;
begin
  if tenant is null or current_user in ('tessera_gate', 'tessera_operator', 'tessera_exporter') then
    return;
  end if;
  select (select t.status from tessera.tenants t where t.id = tenant),
    exists (select from tessera.tenant_deletions d where d.tenant_id = tenant and d.lifted_at is null)
  into state, is_deleted;
  if is_deleted or state not in ('active', 'suspended') then
    raise exception 'tenant % is deleted', tenant using errcode = 'TS002';
  elsif state = 'suspended' and not (current_user = 'tessera_admin' and coalesce(current_setting('tessera.revokes', true), '') = 'on') then
    raise exception 'tenant % is suspended', tenant using errcode = 'TS001';
  end if;
end
$$;

-- Before each write, as ever; and a scope that takes back writes nothing but what that takes: a new key least of all.
create or replace function tessera.refuse_inactive_tenant() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('tessera.revokes', true), '') = 'on' and (tg_table_name, tg_op) not in (
    ('api_keys', 'UPDATE'), ('revoked_tokens', 'INSERT'), ('revoked_tokens', 'UPDATE'), ('audit_log', 'INSERT'),
    -- With the first row of a tenant that nobody has heard of.
    ('canaries', 'INSERT')
  ) then
    raise exception 'a scope that takes credentials back does not % %', lower(tg_op), tg_table_name using errcode = '42501';
  end if;
  perform tessera.require_active_tenant();
  return null;
end
$$;

-- Gateways ask for what changed lately; erased rows are never among it, so the deletion that erased them is told instead. The tenant
-- is told by its id and an expiry that says nothing, which a gateway of an earlier version takes for a token that nobody has.
create index tenant_deletions_finished_at on tessera.tenant_deletions (finished_at) where finished_at is not null;
create policy gatekeeper_reads on tessera.tenant_deletions for select to tessera_gatekeeper using (true);
grant select (tenant_id, finished_at) on tessera.tenant_deletions to tessera_gatekeeper;

-- When a revocation was made or last corrected: `revoked_at` says when it was made first.
alter table tessera.revoked_tokens add column changed_at timestamptz not null default now();
create index revoked_tokens_changed_at on tessera.revoked_tokens (changed_at);
drop index tessera.revoked_tokens_revoked_at;
grant update (changed_at) on tessera.revoked_tokens to tessera_admin;
grant select (changed_at) on tessera.revoked_tokens to tessera_gatekeeper;

-- Revocations of tokens that have not expired outlive their tenant: the tokens would hold again when it is created anew. So they
-- refer to none; the worker clears them away with all others, an hour after the token would have expired.
alter table tessera.revoked_tokens drop constraint revoked_tokens_tenant_id_fkey;
create policy eraser_updates on tessera.revoked_tokens for update to tessera_eraser
  using (expires_at >= now() - interval '1 hour') with check (true);
grant select (expires_at), update (revoked_by) on tessera.revoked_tokens to tessera_eraser;

alter table tessera.tenant_deletions
  -- How many of them there were when everything else was erased, and until when the last is kept.
  add column kept_revocations integer not null default 0 check (kept_revocations >= 0),
  add column kept_revocations_until timestamptz;
grant update (kept_revocations, kept_revocations_until) on tessera.tenant_deletions to tessera_eraser;

create policy meter_reads on tessera.tenant_deletions for select to tessera_meter using (true);
grant select (tenant_id, finished_at) on tessera.tenant_deletions to tessera_meter;

-- Functions are replaced by a member of the role that owns them, for that moment only: see migration access.
grant tessera_gatekeeper to current_user;

-- What was taken back since a moment: keys by their id, tokens by their tenant and id, and all keys of a tenant that was erased.
create or replace function tessera.revocations_since(moment timestamptz) returns table (
  key_id uuid, tenant_id text, token_id text, expires_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select k.id, k.tenant_id, null::text, k.expires_at from tessera.api_keys k where k.revoked_at > moment
  union all
  select null::uuid, t.tenant_id, t.token_id, t.expires_at from tessera.revoked_tokens t where t.changed_at > moment
  union all
  select null::uuid, d.tenant_id, null::text, d.finished_at from tessera.tenant_deletions d
  where d.finished_at > moment and moment > '-infinity';
end;

revoke tessera_gatekeeper from current_user;

grant tessera_meter to current_user;

-- Limits that were set since a moment, of every tenant; and none for each that was erased since, unless some were set anew.
create or replace function tessera.quota_limits_since(moment timestamptz) returns setof tessera.quota_limits
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select q.* from tessera.quota_limits q where q.updated_at >= moment
  union all
  select d.tenant_id, '00000000-0000-0000-0000-000000000000'::uuid, null::uuid, null::integer, null::integer, null::integer,
    null::integer, null::integer, d.finished_at
  from tessera.tenant_deletions d
  where d.finished_at >= moment and moment > '-infinity'
    and not exists (select from tessera.quota_limits q where q.tenant_id = d.tenant_id and q.api_key_id is null);
end;

revoke tessera_meter from current_user;
grant tessera_eraser to current_user;

-- One bounded step of a deletion, as migration tenant_lifecycle has it, but for revocations that are kept: they are not erased, and at
-- the end, when the tenant's own row is locked, who made them is, and the receipt says how many there are.
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
      execute format('delete from tessera.%I where tenant_id = $1 and ctid = any (array(select ctid from tessera.%1$I where tenant_id = $1%2$s limit $2))',
        target.name, coalesce(limits ->> target.name, ''))
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
      execute format('select count(*) from tessera.%I where tenant_id = $1%s', target.name, coalesce(limits ->> target.name, ''))
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
    remaining = deletion.remaining, waiting_for = deletion.waiting_for,
    kept_revocations = deletion.kept_revocations, kept_revocations_until = deletion.kept_revocations_until
  where d.tenant_id = tenant and d.id = deletion.id;
end
$$;

revoke tessera_eraser from current_user;

select tessera.guard_tenant_tables();
