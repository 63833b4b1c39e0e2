select
  count(*)::int as "count"
from
  "api_keys"
where
  "tenant_id" = $1
  and "revoked_at" is null
  and (
    "expires_at" is null
    or "expires_at" > now()
  )
