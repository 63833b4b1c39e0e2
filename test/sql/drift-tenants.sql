select
  "tenants"."id" as "tenantId"
from
  "tenants"
  left join "drift_looks" on "drift_looks"."tenant_id" = "tenants"."id"
where
  exists (
    select
    from
      tenant_models tm
    where
      tm.tenant_id = tenants.id
  )
order by
  drift_looks.looked_at nulls first,
  "tenants"."id"
