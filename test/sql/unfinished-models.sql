select
  "tenant_id" as "tenantId",
  "model_id" as "modelId",
  role = 'retired' as "isRetired"
from
  "tenant_models"
order by
  "role_changed_at",
  "tenant_id"
