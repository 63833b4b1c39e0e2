select
  "id"
from
  "documents"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and "deleted_at" is not null
  and "deletion" is null
order by
  "id"
for update
