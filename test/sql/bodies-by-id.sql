select
  "id",
  "body"
from
  "documents"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
