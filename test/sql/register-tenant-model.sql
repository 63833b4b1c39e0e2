insert into
  "tenant_models" ("tenant_id", "model_id")
values
  ($1, $2)
on conflict do nothing
