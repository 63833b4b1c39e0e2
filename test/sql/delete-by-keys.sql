delete from "documents"
where
  "tenant_id" = $1
  and "collection" = $2
  and "external_id" = any ($3::text[])
returning
  "id" as "id"
