select
  "model_id" as "modelId"
from
  "tenant_models"
where
  "tenant_id" = $1
  and "model_id" = $2
  and "role" = $3
  and "emptied_at" is null
for update
  skip locked
