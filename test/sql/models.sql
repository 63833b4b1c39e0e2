select
  "id",
  "name",
  "dimensions",
  exists (
    select
      "tenant_models"."model_id"
    from
      "tenant_models"
    where
      "tenant_models"."model_id" = "models"."id"
      and "tenant_models"."role" = $1
  ) as "inUse"
from
  "models"
order by
  "id"
