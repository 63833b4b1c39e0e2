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
  (
    select
      jsonb_build_object('users', a.users, 'groups', a.groups)
    from
      audiences a
    where
      a.tenant_id = $1
      and a.id = documents.audience
  ) as "acl",
  "documents"."created_at" as "createdAt",
  "documents"."expires_at" as "expiresAt"
from
  "documents"
where
  "tenant_id" = $2
  and "id" > $3
order by
  "documents"."id"
limit
  $4
