select
  "tenant_id" as "tenantId"
from
  "canaries"
order by
  "tenant_id"
limit
  $1
