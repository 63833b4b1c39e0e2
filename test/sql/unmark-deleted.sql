update "documents"
set
  "deleted_at" = $1,
  "deletion" = $2,
  "updated_at" = now(),
  "version" = version + 1
where
  "tenant_id" = $3
  and "id" = any ($4::uuid[])
