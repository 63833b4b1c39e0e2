select
  count(*)::int as "documents"
from
  "documents"
where
  "tenant_id" = $1
  and "collection" = $2
  and "deleted_at" is null
