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
select
  $1::text as "tenant_id",
  staged."id" as "id",
  staged."collection" as "collection",
  staged."external_id" as "external_id",
  staged."title" as "title",
  staged."body" as "body",
  staged."url" as "url",
  staged."metadata" as "metadata",
  staged."status" as "status",
  staged."language" as "language",
  staged."content_hash" as "content_hash",
  staged."audience" as "audience",
  staged."expires_at" as "expires_at"
from
  pg_temp.staged_documents as "staged"
order by
  staged.position
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
  "deleted_at" = $2,
  "deletion" = $3,
  "version" = documents.version + 1,
  "updated_at" = now()
returning
  "id",
  "version"
