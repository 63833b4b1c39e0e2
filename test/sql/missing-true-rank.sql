with
  "permitted" as (
    select
      "document_id",
      (coarse <#> $1::halfvec) + 0 as "distance"
    from
      "embeddings"
    where
      "tenant_id" = $2
      and "model_id" = $3
  )
select
  count(*)::int + 1 as "rank"
from
  "permitted"
where
  "distance" < (
    select
      min("distance") as "best"
    from
      "permitted"
    where
      "document_id" = $4
  )
