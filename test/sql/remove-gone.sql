delete from "documents"
where
  "tenant_id" = $1
  and (
    deleted_at is not null
    or expires_at <= now()
  )
  and (
    "id" = any ($2::uuid[])
    or (documents.collection, documents.external_id) in (
      select
        *
      from
        unnest($3::text[], $4::text[])
    )
  )
