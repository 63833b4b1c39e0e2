select
  "tenant_id" as "tenantId"
from
  "tenant_deletions"
where
  "tenant_id" = $1
  and "lifted_at" is null
