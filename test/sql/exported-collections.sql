select
  "name",
  language as "language",
  attributes as "attributes",
  chunking as "chunking"
from
  "collections"
where
  "tenant_id" = $1
order by
  "name"
