select
  "tenant_models"."tenant_id" as "tenantId",
  "tenant_models"."model_id" as "modelId",
  "models"."name",
  "models"."dimensions",
  "tenant_models"."role" as "role",
  "tenant_models"."tier",
  "tenant_models"."hnsw_index" as "graph",
  "tenant_models"."replaces",
  "tenant_models"."job_id" as "jobId",
  "tenant_models"."filled_at" as "filledAt",
  "tenant_models"."emptied_at" as "emptiedAt"
from
  "tenant_models"
  inner join "models" on "models"."id" = "tenant_models"."model_id"
order by
  "tenant_models"."tenant_id",
  "tenant_models"."model_id"
