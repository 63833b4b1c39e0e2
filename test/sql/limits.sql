select
  "tenant_id" as "tenantId",
  "api_key_id" as "keyId",
  "requests_per_minute" as "requestsPerMinute",
  "cost_points_per_minute" as "costPointsPerMinute",
  "embedding_tokens_per_day" as "embeddingTokensPerDay",
  "documents" as "documents",
  "chunks" as "chunks"
from
  "quota_limits"
where
  "tenant_id" = $1
  and "key_id" = $2
