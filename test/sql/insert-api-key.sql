insert into
  "api_keys" (
    "tenant_id",
    "id",
    "prefix",
    "secret_hash",
    "name",
    "subject",
    "groups",
    "scopes",
    "created_by",
    "expires_at"
  )
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
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
