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
      and "document_id" in (
        select
          "documents"."id"
        from
          "documents"
        where
          "documents"."tenant_id" = $4
          and 1 = 1
      )
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
      "document_id" = $5
  )
