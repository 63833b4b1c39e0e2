delete from "chunks"
where
  "tenant_id" = $1
  and "document_id" = any ($2::uuid[])
