select
  count(*)::integer as "documents"
from
  "documents"
where
  "tenant_id" = $1
