select
  "drift_looks"."tenant_id" as "tenantId",
  drift_looks.found as "found",
  extract(
    epoch
    from
      now() - drift_looks.looked_at
  )::float8 as "agoSeconds"
from
  "drift_looks"
  inner join "tenants" on "tenants"."id" = "drift_looks"."tenant_id"
where
  "tenants"."status" = 'active'
  and "tenants"."id" <> all ($1::text[])
  and drift_looks.found <> '{}'
order by
  (
    select
      sum(value::integer)
    from
      jsonb_each_text(drift_looks.found)
  ) desc,
  "drift_looks"."tenant_id"
limit
  $2
