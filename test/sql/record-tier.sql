update "tenant_models"
set
  "tier" = $1,
  "hnsw_index" = $2,
  "tier_changed_at" = now()
where
  "tenant_id" = $3
  and "model_id" = $4
