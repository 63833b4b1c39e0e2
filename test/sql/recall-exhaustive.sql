select
  "chunk_id" as "chunkId",
  full_vector <#> $1::vector as "distance"
from
  "embeddings"
where
  "tenant_id" = $2
  and "model_id" = $3
order by
  "distance"
limit
  $4
