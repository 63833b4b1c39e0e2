select
  "chunks"."id" as "chunkId",
  "chunks"."document_id" as "documentId",
  embeddings.full_vector::text as "vector"
from
  "chunks"
  inner join "embeddings" on "embeddings"."chunk_id" = "chunks"."id"
  inner join "documents" on "documents"."id" = "chunks"."document_id"
where
  "documents"."tenant_id" = $1
  and "chunks"."tenant_id" = $2
  and "embeddings"."tenant_id" = $3
  and "embeddings"."model_id" = $4
  and (
    select
      require_active_model ($5)
  )
  and (
    "chunks"."document_id" = any ($6::uuid[])
    or "chunks"."id" = any ($7::uuid[])
  )
