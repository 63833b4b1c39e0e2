insert into
  "quota_limits" (
    "tenant_id",
    "key_id",
    "requests_per_minute",
    "cost_points_per_minute",
    "embedding_tokens_per_day",
    "documents",
    "chunks"
  )
values
  ($1, $2, $3, $4, $5, $6, $7)
on conflict ("tenant_id", "key_id") do update
set
  "requests_per_minute" = $8,
  "cost_points_per_minute" = $9,
  "embedding_tokens_per_day" = $10,
  "documents" = $11,
  "chunks" = $12,
  "updated_at" = clock_timestamp()
returning
  "tenant_id" as "tenantId",
  "api_key_id" as "keyId",
  "requests_per_minute" as "requestsPerMinute",
  "cost_points_per_minute" as "costPointsPerMinute",
  "embedding_tokens_per_day" as "embeddingTokensPerDay",
  "documents" as "documents",
  "chunks" as "chunks"
