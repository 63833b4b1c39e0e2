select
  "id" as "id"
from
  "documents"
where
  "tenant_id" = $1
  and "collection" = $2
  and "deleted_at" is null
  and "id" > $3
order by
  "id"
limit
  $4
