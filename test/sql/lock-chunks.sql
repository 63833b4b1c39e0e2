select
  "id" as "id",
  "document_id" as "documentId",
  "ordinal",
  "start_offset" as "start",
  "end_offset" as "end",
  "language",
  "content_hash" as "contentHash"
from
  "chunks"
where
  "tenant_id" = $1
  and "document_id" = any ($2::uuid[])
order by
  "document_id",
  "ordinal"
for update
