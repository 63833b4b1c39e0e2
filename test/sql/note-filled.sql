update "tenant_models"
set
  "job_id" = $1,
  "filled_to" = $2,
  "filled_at" = now()
where
  "tenant_id" = $3
  and "model_id" = $4
