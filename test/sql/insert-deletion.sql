insert into
  "tenant_deletions" ("tenant_id", "id", "requested_by")
values
  ($1, $2, $3)
