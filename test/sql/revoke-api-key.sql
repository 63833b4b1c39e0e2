update "api_keys"
set
  "revoked_at" = coalesce(revoked_at, now())
where
  "tenant_id" = $1
  and "id" = $2
returning
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
