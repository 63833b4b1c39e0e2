select
  "id" as "id",
  "context",
  "text"
from
  "chunks"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
for update
