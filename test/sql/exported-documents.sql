select
  "documents"."id" as "id",
  "documents"."collection" as "collection",
  "documents"."external_id" as "externalId",
  "documents"."title" as "title",
  "documents"."body" as "body",
  "documents"."url" as "url",
  "documents"."metadata" as "metadata",
  "documents"."status" as "status",
  "documents"."language" as "language",
  "documents"."created_at" as "createdAt"
from
  "documents"
where
  "tenant_id" = $1
  and "id" > $2
order by
  "documents"."id"
limit
  $3
