insert into
  "tenant_models" ("tenant_id", "model_id", "role", "replaces")
values
  ($1, $2, $3, $4)
on conflict ("tenant_id", "model_id") do update
set
  "role" = $5,
  "replaces" = $6,
  "role_changed_at" = now(),
  "job_id" = $7,
  "filled_to" = $8,
  "filled_at" = $9,
  "emptied_at" = $10,
  "tier" = $11,
  "hnsw_index" = $12,
  "tier_changed_at" = now(),
  "chunk_count" = $13,
  "counted_at" = $14
