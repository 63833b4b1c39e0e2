select
  "model_id" as "modelId",
  "tier" as "tier",
  (
    select
      count(*)::integer as "chunks"
    from
      "embeddings"
    where
      "embeddings"."tenant_id" = $1
      and "embeddings"."model_id" = "tenant_models"."model_id"
  ) as "chunks"
from
  "tenant_models"
where
  "tenant_id" = $2
  and "role" <> $3
  and "role" = $4
