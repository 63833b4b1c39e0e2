select
  "chunks"."id" as "chunkId",
  "chunks"."document_id" as "documentId",
  embeddings.full_vector::text as "vector"
from
  "chunks"
  inner join "embeddings" on "embeddings"."chunk_id" = "chunks"."id"
where
  "chunks"."tenant_id" = $1
  and "embeddings"."tenant_id" = $2
  and "embeddings"."model_id" = $3
  and (
    "chunks"."document_id" = any ($4::uuid[])
    or "chunks"."id" = any ($5::uuid[])
  )
