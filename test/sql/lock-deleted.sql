select
  "id" as "id",
  "collection",
  "external_id" as "externalId",
  "title",
  "body",
  "url",
  "language",
  "audience",
  metadata::text as "metadata",
  "status",
  "content_hash" as "contentHash",
  "expires_at" as "expiresAt"
from
  "documents"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and "deleted_at" is not null
  and (
    expires_at is null
    or expires_at > now()
  )
order by
  "id"
for update
