select
  "found"."tenant_id" as "tenantId",
  "found"."id" as "id",
  "found"."secret_hash" as "secretHash",
  "found"."subject" as "subject",
  "found"."groups" as "groups",
  "found"."scopes" as "scopes",
  "found"."expires_at" as "expiresAt",
  "found"."revoked_at" as "revokedAt"
from
  find_api_keys ($1) as "found"
