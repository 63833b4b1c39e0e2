insert into
  "engine_settings" ("name", "value", "detail")
values
  ($1, $2, $3)
on conflict ("name") do update
set
  "value" = $4,
  "detail" = $5,
  "measured_at" = now()
