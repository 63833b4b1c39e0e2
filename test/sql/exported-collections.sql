select
  "name",
  language as "language",
  attributes as "attributes"
from
  "collections"
where
  "tenant_id" = $1
order by
  "name"
