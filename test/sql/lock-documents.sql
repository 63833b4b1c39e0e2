select
  "id",
  "collection",
  "external_id",
  "title",
  "url",
  "metadata",
  "status",
  "language",
  "content_hash",
  "version",
  "audience",
  "expires_at",
  deleted_at is not null
  or coalesce(expires_at <= now(), false) as "isGone"
from
  "documents"
where
  "tenant_id" = $1
  and (
    "id" = any ($2::uuid[])
    or (documents.collection, documents.external_id) in (
      select
        *
      from
        unnest($3::text[], $4::text[])
    )
  )
order by
  collection collate "C",
  external_id collate "C",
  "id"
for update
