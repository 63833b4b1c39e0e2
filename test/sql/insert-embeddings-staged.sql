insert into
  "embeddings" (
    "tenant_id",
    "model_id",
    "chunk_id",
    "document_id",
    "coarse",
    "full_vector",
    "dimensions",
    "audience"
  )
select
  $1::text as "tenant_id",
  $2::smallint as "model_id",
  v.chunk_id as "chunk_id",
  v.document_id as "document_id",
  v.coarse as "coarse",
  v.full_vector as "full_vector",
  v.dimensions as "dimensions",
  v.audience as "audience"
from
  pg_temp.staged_vectors as "v"
on conflict do nothing
