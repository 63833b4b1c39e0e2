insert into
  "write_outcomes" ("tenant_id", "subject", "key", "fingerprint")
values
  ($1, $2, $3, $4)
on conflict do nothing
returning
  "key"
