select
  "tenant_id" as "tenantId",
  "id" as "id"
from
  "jobs"
where
  "kind" = $1
  and "done" < "total"
order by
  "id"
limit
  $2
