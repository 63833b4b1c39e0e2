insert into
  "chunks" (
    "tenant_id",
    "id",
    "document_id",
    "ordinal",
    "context",
    "text",
    "start_offset",
    "end_offset",
    "language",
    "content_hash",
    "audience"
  )
select
  $1::text as "tenant_id",
  staged."id" as "id",
  staged."document_id" as "document_id",
  staged."ordinal" as "ordinal",
  staged."context" as "context",
  staged."text" as "text",
  staged."start_offset" as "start_offset",
  staged."end_offset" as "end_offset",
  staged."language" as "language",
  staged."content_hash" as "content_hash",
  staged."audience" as "audience"
from
  pg_temp.staged_chunks as "staged"
