select
  "tenants"."id" as "id",
  "tenants"."name",
  "tenants"."status" as "status",
  "tenants"."created_at" as "createdAt",
  "tenant_models"."tier" as "tier"
from
  "tenants"
  left join "tenant_models" on "tenant_models"."tenant_id" = "tenants"."id"
  and "tenant_models"."role" = $1
where
  "tenants"."id" = $2
order by
  "tenants"."id"
limit
  $3
