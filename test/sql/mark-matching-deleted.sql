with
  "matching" as (
    select
      "documents"."id"
    from
      "documents"
    where
      "documents"."tenant_id" = $1
      and documents.deleted_at is null
      and (
        documents.expires_at is null
        or documents.expires_at > now()
      )
      and (documents.status = $2)
    order by
      "documents"."id"
    limit
      $3
  )
update "documents"
set
  "deleted_at" = now(),
  "updated_at" = now(),
  "version" = version + 1,
  "deletion" = $4
from
  "matching"
where
  "documents"."tenant_id" = $5
  and "documents"."id" = "matching"."id"
returning
  "documents"."id"
