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
values
  ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
