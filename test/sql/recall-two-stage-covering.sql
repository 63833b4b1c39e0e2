with
  "candidates" as materialized (
    select
      "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
    order by
      (coarse <#> $3::halfvec) + 0
    limit
      $4
  )
select
  "embeddings"."chunk_id" as "chunkId",
  embeddings.full_vector <#> $5::vector as "distance"
from
  "candidates"
  inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
where
  "embeddings"."tenant_id" = $6
  and "embeddings"."model_id" = $7
order by
  "distance"
limit
  $8
