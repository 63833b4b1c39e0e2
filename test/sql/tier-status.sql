select
  "tenant_models"."tenant_id" as "tenantId",
  "tenant_models"."model_id" as "modelId",
  "models"."name" as "model",
  "tenant_models"."role" as "role",
  (
    tenant_models.replaces is null
    or tenant_models.filled_at is not null
  ) as "isFilled",
  "tenant_models"."tier" as "tier",
  "tenant_models"."tier_changed_at" as "tierChangedAt",
  coalesce(counts.chunks, 0) as "chunks"
from
  "tenant_models"
  inner join "models" on "models"."id" = "tenant_models"."model_id"
  left join tessera.embedding_counts () as counts on "counts"."tenant_id" = "tenant_models"."tenant_id"
  and "counts"."model_id" = "tenant_models"."model_id"
order by
  "chunks" desc,
  "tenant_models"."tenant_id",
  "tenant_models"."model_id"
