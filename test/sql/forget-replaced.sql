update "tenant_models"
set
  "replaces" = $1
where
  "tenant_id" = $2
  and "role" = $3
