select
  "id" as "id",
  "document_id" as "documentId",
  context || E'
' || text as "text"
from
  "chunks"
where
  "tenant_id" = $1
  and "id" = any ($2::uuid[])
order by
  "document_id",
  "ordinal"
