insert into
  "tenants" ("id")
values
  ($1)
on conflict ("id") do nothing
