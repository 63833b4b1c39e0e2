insert into
  "audit_log" (
    "tenant_id",
    "id",
    "action",
    "target_kind",
    "target_ids",
    "target_count",
    "details"
  )
values
  ($1, $2, $3, $4, $5, $6, $7)
