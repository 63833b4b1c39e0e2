select
  "id" as "id"
from
  "jobs"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and "kind" = $3
