update "documents"
set
  "metadata" = $1,
  "status" = $2,
  "url" = $3,
  "expires_at" = $4,
  "audience" = $5,
  "version" = version + 1,
  "updated_at" = now()
where
  "tenant_id" = $6
  and "id" = $7
returning
  "version"
