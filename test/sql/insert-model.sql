insert into
  "models" ("name", "dimensions")
values
  ($1, $2)
on conflict ("name") do nothing
returning
  "id"
