insert into
  "drift_looks" ("tenant_id", "found")
values
  ($1, $2)
on conflict ("tenant_id") do update
set
  "looked_at" = now(),
  "found" = "excluded"."found"
