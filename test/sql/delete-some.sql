delete from "documents"
where
  "tenant_id" = $1
  and "id" in (
    select
      "id"
    from
      "documents"
    where
      "tenant_id" = $2
      and "collection" = $3
      and "external_id" is not null
    limit
      $4
  )
returning
  "id" as "id"
