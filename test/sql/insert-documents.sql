insert into
  "documents" (
    "tenant_id",
    "id",
    "collection",
    "external_id",
    "title",
    "body",
    "url",
    "metadata",
    "status",
    "language",
    "content_hash",
    "audience",
    "expires_at"
  )
values
  (
    $1,
    $2,
    $3,
    $4,
    $5,
    $6,
    $7,
    $8,
    $9,
    $10,
    $11,
    $12,
    $13
  )
on conflict ("tenant_id", "collection", "external_id") do update
set
  "title" = "excluded"."title",
  "body" = "excluded"."body",
  "url" = "excluded"."url",
  "metadata" = "excluded"."metadata",
  "status" = "excluded"."status",
  "language" = "excluded"."language",
  "content_hash" = "excluded"."content_hash",
  "audience" = "excluded"."audience",
  "expires_at" = "excluded"."expires_at",
  "deleted_at" = $14,
  "deletion" = $15,
  "version" = documents.version + 1,
  "updated_at" = now()
returning
  "id",
  "collection",
  "external_id",
  "version"
