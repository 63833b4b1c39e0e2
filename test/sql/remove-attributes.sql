delete from "document_attributes"
where
  "tenant_id" = $1
  and "name" = any ($2::text[])
  and "document_id" in (
    select
      "documents"."id"
    from
      "documents"
    where
      "documents"."tenant_id" = $3
      and "documents"."collection" = $4
  )
