select
  count(*)::int as "stored"
from
  "documents"
where
  "tenant_id" = $1
