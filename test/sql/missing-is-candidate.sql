with
  "candidates" as materialized (
    select
      "chunk_id" as "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
    order by
      coarse <#> $3::halfvec
    limit
      $4
  )
select
  count(*)::int as "chunks"
from
  "candidates"
  inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
where
  "embeddings"."tenant_id" = $5
  and "embeddings"."model_id" = $6
  and "embeddings"."document_id" = $7
