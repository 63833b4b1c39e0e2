insert into
  "embedding_jobs" (
    "tenant_id",
    "model_id",
    "chunk_id",
    "audience",
    "job_id",
    "available_at"
  )
select
  "tenant_id",
  $1::smallint as "model_id",
  "id",
  "audience",
  $2::uuid as "job_id",
  now() + make_interval(secs => $3) as "available_at"
from
  "chunks"
where
  "tenant_id" = $4
  and "id" = any ($5::uuid[])
