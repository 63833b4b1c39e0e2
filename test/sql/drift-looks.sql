select
  count(drift_looks.tenant_id)::int as "looked",
  count(*) filter (
    where
      drift_looks.tenant_id is null
  )::int as "unknown",
  extract(
    epoch
    from
      now() - min(drift_looks.looked_at)
  )::float8 as "oldestSeconds",
  count(*) filter (
    where
      drift_looks.found <> '{}'
  )::int as "drifted"
from
  "tenants"
  left join "drift_looks" on "drift_looks"."tenant_id" = "tenants"."id"
where
  "tenants"."status" = 'active'
  and "tenants"."id" <> all ($1::text[])
  and exists (
    select
    from
      tenant_models tm
    where
      tm.tenant_id = tenants.id
  )
