update "documents"
set
  "collection" = $1,
  "external_id" = $2,
  "title" = $3,
  "body" = $4,
  "url" = $5,
  "metadata" = $6,
  "language" = $7,
  "content_hash" = $8,
  "version" = version + 1,
  "updated_at" = now()
where
  "tenant_id" = $9
  and "id" = $10
returning
  "version"
