select
  "id" as "id",
  "prefix",
  "name",
  "subject",
  "groups" as "groups",
  "scopes" as "scopes",
  "created_by" as "createdBy",
  "created_at" as "createdAt",
  "expires_at" as "expiresAt",
  "last_used_at" as "lastUsedAt",
  "revoked_at" as "revokedAt"
from
  "api_keys"
where
  "tenant_id" = $1
order by
  "id" desc
limit
  $2
