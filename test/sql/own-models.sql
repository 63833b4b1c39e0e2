select
  "models"."name",
  "models"."dimensions",
  "tenant_models"."created_at" as "createdAt",
  "role" as "role",
  "tier" as "tier"
from
  "tenant_models"
  inner join "models" on "models"."id" = "tenant_models"."model_id"
where
  "tenant_id" = $1
order by
  "role",
  "models"."id"
