insert into
  "collections" ("tenant_id", "name", "language", "attributes")
values
  ($1, $2, $3, $4)
on conflict ("tenant_id", "name") do update
set
  "language" = $5,
  "attributes" = $6,
  "updated_at" = now()
