delete from "chunks"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
  and not exists (
    select
    from
      documents d
    where
      d.tenant_id = $3
      and d.id = chunks.document_id
      and (
        d.deleted_at is null
        or d.deletion is not null
      )
  )
