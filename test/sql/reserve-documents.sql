insert into
  "documents" (
    "tenant_id",
    "id",
    "collection",
    "external_id",
    "title",
    "body",
    "content_hash",
    "created_at"
  )
values
  ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict do nothing
