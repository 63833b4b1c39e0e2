insert into
  "unembeddable_chunks" (
    "tenant_id",
    "model_id",
    "chunk_id",
    "reason",
    "audience"
  )
select
  "tenant_id",
  $1::smallint as "model_id",
  "id",
  'no known token' as "reason",
  "audience"
from
  "chunks"
where
  "tenant_id" = $2
  and "id" = any ($3::uuid[])
for key share of
  "chunks"
on conflict do nothing
