select
  "documents"."id" as "id",
  "documents"."collection",
  "documents"."external_id" as "externalId",
  "documents"."title",
  "documents"."url",
  "documents"."metadata",
  "documents"."status",
  documents.language as "language",
  "documents"."version",
  "documents"."created_at" as "createdAt",
  "documents"."updated_at" as "updatedAt",
  "documents"."expires_at" as "expiresAt"
from
  "documents"
  inner join unnest($1::text[], $2::text[]) as wanted (collection, external_id) on "wanted"."collection" = "documents"."collection"
  and "wanted"."external_id" = "documents"."external_id"
where
  "documents"."tenant_id" = $3
