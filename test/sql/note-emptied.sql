update "tenant_models"
set
  "emptied_at" = now()
where
  "tenant_id" = $1
  and "model_id" = $2
