select
  "tenant_id" as "tenantId"
from
  "tenant_deletions"
where
  "finished_at" is null
order by
  "requested_at"
