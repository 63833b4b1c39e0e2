insert into
  "collections" (
    "tenant_id",
    "name",
    "language",
    "attributes",
    "chunking"
  )
values
  ($1, $2, $3, $4, $5)
on conflict ("tenant_id", "name") do update
set
  "language" = $6,
  "attributes" = $7,
  "chunking" = $8,
  "updated_at" = now()
