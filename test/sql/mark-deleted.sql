update "documents"
set
  "deleted_at" = now(),
  "updated_at" = now(),
  "version" = version + 1
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and documents.deleted_at is null
  and (
    documents.expires_at is null
    or documents.expires_at > now()
  )
returning
  "id"
