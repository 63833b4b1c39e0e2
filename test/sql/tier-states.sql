select
  "tenant_id" as "tenantId",
  "model_id" as "modelId",
  "role" as "role",
  (
    tenant_models.replaces is null
    or tenant_models.filled_at is not null
  ) as "isFilled",
  "tier" as "tier",
  coalesce(chunk_count, 0) as "chunks"
from
  "tenant_models"
order by
  "tenant_id",
  "model_id"
