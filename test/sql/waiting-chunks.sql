select distinct
  "chunks"."id" as "id"
from
  "chunks"
  inner join "embedding_jobs" on "embedding_jobs"."chunk_id" = "chunks"."id"
where
  "chunks"."tenant_id" = $1
  and "chunks"."document_id" = any ($2::uuid[])
  and "embedding_jobs"."tenant_id" = $3
