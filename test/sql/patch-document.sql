update "documents"
set
  "metadata" = $1,
  "status" = $2,
  "url" = $3,
  "version" = version + 1,
  "updated_at" = now()
where
  "tenant_id" = $4
  and "id" = $5
returning
  "version"
