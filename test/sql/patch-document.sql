update "documents"
set
  "metadata" = $1,
  "status" = $2,
  "url" = $3,
  "expires_at" = $4,
  "version" = version + 1,
  "updated_at" = now()
where
  "tenant_id" = $5
  and "id" = $6
returning
  "version"
