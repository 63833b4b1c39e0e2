select
  "embedding_jobs"."chunk_id" as "chunkId",
  "embedding_jobs"."model_id" as "modelId",
  "models"."name" as "model",
  "chunks"."document_id" as "documentId",
  "chunks"."ordinal",
  coalesce(embedding_jobs.last_error, '') as "reason",
  "embedding_jobs"."attempts",
  embedding_jobs.dead_at as "deadAt"
from
  "embedding_jobs"
  inner join "chunks" on "chunks"."id" = "embedding_jobs"."chunk_id"
  inner join "documents" on "documents"."id" = "chunks"."document_id"
  inner join "tenant_models" on "tenant_models"."model_id" = "embedding_jobs"."model_id"
  inner join "models" on "models"."id" = "embedding_jobs"."model_id"
where
  "embedding_jobs"."tenant_id" = $1
  and "embedding_jobs"."dead_at" is not null
  and "chunks"."tenant_id" = $2
  and "documents"."tenant_id" = $3
  and "tenant_models"."tenant_id" = $4
  and "tenant_models"."role" in ($5, $6)
  and "models"."name" = $7
order by
  "embedding_jobs"."chunk_id",
  "embedding_jobs"."model_id"
limit
  $8
