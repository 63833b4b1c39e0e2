select
  "seq",
  "collection"
from
  "source_changes"
where
  "tenant_id" = $1
  and "source" = $2
  and "key" = $3
  and "kind" = $4
order by
  "seq" desc
limit
  $5
