select
  "chunks"."document_id" as "documentId",
  "chunks"."content_hash" as "contentHash",
  "embeddings"."full_vector" as "vector"
from
  "chunks"
  inner join "embeddings" on "embeddings"."tenant_id" = "chunks"."tenant_id"
  and "embeddings"."chunk_id" = "chunks"."id"
  and "embeddings"."model_id" = $1
  and "embeddings"."stand_in" = $2
where
  "chunks"."tenant_id" = $3
  and "embeddings"."tenant_id" = $4
  and "chunks"."document_id" = any ($5::uuid[])
order by
  "chunks"."document_id",
  "chunks"."ordinal"
