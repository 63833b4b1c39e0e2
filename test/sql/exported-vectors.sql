select
  "chunks"."document_id" as "documentId",
  "chunks"."content_hash" as "contentHash",
  "embeddings"."full_vector" as "vector"
from
  "chunks"
  inner join "embeddings" on "embeddings"."tenant_id" = "chunks"."tenant_id"
  and "embeddings"."chunk_id" = "chunks"."id"
  and "embeddings"."model_id" = $1
where
  "chunks"."tenant_id" = $2
  and "embeddings"."tenant_id" = $3
  and "chunks"."document_id" = any ($4::uuid[])
order by
  "chunks"."document_id",
  "chunks"."ordinal"
