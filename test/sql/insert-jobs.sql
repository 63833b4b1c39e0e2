insert into
  "embedding_jobs" ("tenant_id", "model_id", "chunk_id", "job_id")
select
  $1 as "tenant_id",
  $2::smallint as "model_id",
  "chunk"."id" as "chunk_id",
  $3::uuid as "job_id"
from
  unnest($4::uuid[]) as chunk (id)
