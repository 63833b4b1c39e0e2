select
  "tenant_id" as "tenantId",
  "id" as "id"
from
  "jobs"
where
  "kind" = $1
  and "done" < "total"
  and "tenant_id" not in (
    select
      "tenants"."id"
    from
      "tenants"
    where
      "tenants"."status" <> $2
  )
order by
  "id"
limit
  $3
