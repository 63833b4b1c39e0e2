select
  "models"."id",
  "models"."name",
  "models"."dimensions"
from
  "tenant_models"
  inner join "models" on "models"."id" = "tenant_models"."model_id"
where
  "tenant_models"."tenant_id" = $1
  and "tenant_models"."role" = $2
