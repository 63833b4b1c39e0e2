select
  "id" as "id",
  "collection",
  "external_id" as "externalId",
  "title",
  "body",
  "url",
  "language",
  "audience"
from
  "documents"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and "deleted_at" is null
  and (
    expires_at is null
    or expires_at > now()
  )
order by
  collection collate "C",
  external_id collate "C",
  "id"
for update
