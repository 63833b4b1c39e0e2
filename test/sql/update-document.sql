update "documents"
set
  "collection" = $1,
  "external_id" = $2,
  "title" = $3,
  "body" = $4,
  "url" = $5,
  "metadata" = $6,
  "status" = $7,
  "language" = $8,
  "content_hash" = $9,
  "audience" = $10,
  "expires_at" = $11,
  "deleted_at" = $12,
  "deletion" = $13,
  "version" = version + 1,
  "updated_at" = now()
where
  "tenant_id" = $14
  and "id" = $15
returning
  "version"
