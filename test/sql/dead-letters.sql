select
  "embedding_jobs"."chunk_id" as "chunkId",
  "chunks"."document_id" as "documentId",
  "chunks"."ordinal",
  coalesce(embedding_jobs.last_error, '') as "reason",
  "embedding_jobs"."attempts",
  embedding_jobs.dead_at as "deadAt"
from
  "embedding_jobs"
  inner join "chunks" on "chunks"."id" = "embedding_jobs"."chunk_id"
  inner join "documents" on "documents"."id" = "chunks"."document_id"
where
  "embedding_jobs"."tenant_id" = $1
  and "embedding_jobs"."dead_at" is not null
  and "embedding_jobs"."model_id" = (
    select
      tenant_models.model_id
    from
      tenant_models
    where
      tenant_models.tenant_id = $2
      and tenant_models.role = 'active'
  )
  and "chunks"."tenant_id" = $3
  and "documents"."tenant_id" = $4
order by
  "embedding_jobs"."chunk_id"
limit
  $5
