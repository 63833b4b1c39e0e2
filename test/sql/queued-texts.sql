select
  "embedding_jobs"."chunk_id" as "id",
  chunks.context || E'
' || chunks.text as "text"
from
  "embedding_jobs"
  inner join "chunks" on "chunks"."id" = "embedding_jobs"."chunk_id"
where
  "embedding_jobs"."tenant_id" = $1
  and "embedding_jobs"."job_id" = $2
  and "embedding_jobs"."chunk_id" > $3
  and "chunks"."tenant_id" = $4
order by
  "embedding_jobs"."chunk_id"
limit
  $5
