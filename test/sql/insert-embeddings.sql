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
  "chunks"."tenant_id",
  $1::smallint as "model_id",
  "chunks"."id" as "chunk_id",
  "chunks"."document_id",
  v.coarse as "coarse",
  v.full_vector as "full_vector",
  v.dimensions as "dimensions",
  "chunks"."audience"
from
  (
    values
      ($2::uuid, $3::halfvec, $4::vector, $5::smallint)
  ) as v (chunk_id, coarse, full_vector, dimensions)
  inner join "chunks" on "chunks"."tenant_id" = $6
  and chunks.id = v.chunk_id
  inner join "embedding_jobs" on "embedding_jobs"."tenant_id" = $7
  and "embedding_jobs"."model_id" = $8
  and "embedding_jobs"."chunk_id" = "chunks"."id"
for key share of
  "chunks"
on conflict do nothing
