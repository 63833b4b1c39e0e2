select
  "chunks"."id" as "id",
  "chunks"."document_id" as "documentId",
  "chunks"."content_hash" as "contentHash",
  "chunks"."audience"
from
  "chunks"
  inner join "embedding_jobs" on "embedding_jobs"."tenant_id" = "chunks"."tenant_id"
  and "embedding_jobs"."chunk_id" = "chunks"."id"
  and "embedding_jobs"."model_id" = $1
where
  "chunks"."tenant_id" = $2
  and "embedding_jobs"."tenant_id" = $3
  and "chunks"."document_id" = any ($4::uuid[])
for key share of
  "chunks"
for update of
  "embedding_jobs"
