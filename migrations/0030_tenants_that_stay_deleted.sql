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
