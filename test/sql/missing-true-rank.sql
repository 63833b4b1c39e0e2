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
  ),
  "best" as (
    select
      min("distance") as "distance"
    from
      "permitted"
    where
      "document_id" = $4
  )
select
  (
    select
      count(*)::int + 1 as "rank"
    from
      "permitted"
    where
      "permitted"."distance" < "best"."distance"
  ) as "rank"
from
  "best"
where
  "best"."distance" is not null
