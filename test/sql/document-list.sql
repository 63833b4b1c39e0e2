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
where
  "tenant_id" = $1
  and 1 = 1
  and "id" > $2
order by
  "id"
limit
  $3
