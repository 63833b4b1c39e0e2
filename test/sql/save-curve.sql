insert into
  "recall_curves" (
    "tenant_id",
    "model_id",
    "tier",
    "chunks",
    "sample",
    "settings",
    "exact_p50_ms",
    "exact_p95_ms",
    "measured_at"
  )
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict ("tenant_id", "model_id") do update
set
  "tier" = $10,
  "chunks" = $11,
  "sample" = $12,
  "settings" = $13,
  "exact_p50_ms" = $14,
  "exact_p95_ms" = $15,
  "measured_at" = $16
