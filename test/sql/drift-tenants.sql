select distinct
  "tenant_id" as "tenantId"
from
  "tenant_models"
order by
  "tenant_id"
