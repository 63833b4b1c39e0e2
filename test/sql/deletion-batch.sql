select
  "id" as "id"
from
  "documents"
where
  "tenant_id" = $1
  and "deletion" = $2
limit
  $3
for update
  skip locked
