insert into
  "embedding_jobs" (
    "tenant_id",
    "model_id",
    "chunk_id",
    "audience",
    "job_id"
  )
select
  "tenant_id",
  $1::smallint as "model_id",
  "id",
  "audience",
  $2::uuid as "job_id"
from
  "chunks"
where
  "tenant_id" = $3
  and "id" = any ($4::uuid[])
