select
  count(*)::int as "stored"
from
  "chunks"
where
  "tenant_id" = $1
