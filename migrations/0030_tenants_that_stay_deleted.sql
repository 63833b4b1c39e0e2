-- What was deleted stays deleted, and what was taken back stays taken back.

-- Whoever creates a tenant anew lifts its deletion first, in the same transaction; nobody else brings one back. While a deletion
-- is not finished its row keeps the id taken, and the moment at which that ends is none at which an insert could slip through:
-- what is asked is whether the deletion was lifted, and not whether it is finished.
alter policy operator_inserts on tessera.tenants with check (
  not exists (
    select from tessera.tenant_deletions d where d.tenant_id = tenants.id and d.lifted_at is null
  )
);

-- A deletion counts for more than the tenant's row: one that says "active" beside a deletion that was not lifted is a mistake.
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
  elsif state = 'suspended' then
    raise exception 'tenant % is suspended', tenant using errcode = 'TS001';
  end if;
end
$$;
