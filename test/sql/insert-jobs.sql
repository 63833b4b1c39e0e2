insert into
  "embedding_jobs" ("tenant_id", "model_id", "chunk_id", "audience")
select
  "tenant_id",
  $1::smallint as "model_id",
  "id",
  "audience"
from
  "chunks"
where
  "tenant_id" = $2
  and "id" = any ($3::uuid[])
