with
  "picked" as materialized (
    select
      "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
    order by
      md5(chunk_id::text || $3::text)
    limit
      $4
  )
select
  "embeddings"."chunk_id" as "chunkId",
  vector_send (embeddings.full_vector) as "full",
  halfvec_send (embeddings.coarse) as "coarse"
from
  "picked"
  inner join "embeddings" on "embeddings"."chunk_id" = "picked"."chunk_id"
where
  "embeddings"."tenant_id" = $5
  and "embeddings"."model_id" = $6
