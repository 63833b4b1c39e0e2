select
  "tenant_id" as "tenantId",
  "model_id" as "modelId",
  "tier" as "tier",
  "chunks"
from
  "recall_curves"
order by
  "tenant_id",
  "model_id"
