select
  "chunk_id" as "chunkId",
  (coarse <#> $1::halfvec) + 0 as "distance"
from
  "embeddings"
where
  "tenant_id" = $2
  and "model_id" = $3
order by
  "distance"
limit
  $4
