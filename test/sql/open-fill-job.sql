insert into
  "jobs" ("tenant_id", "id", "kind", "total", "created_by")
values
  ($1, $2, $3, $4, $5)
