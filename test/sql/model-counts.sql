select
  c.tenant_id as "tenantId",
  c.model_id as "modelId",
  c.vectors,
  c.waiting,
  c.dead,
  c.missing
from
  tessera.model_counts ($1::text[]) c
