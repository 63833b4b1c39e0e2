update "tenant_deletions"
set
  "lifted_at" = now()
where
  "tenant_id" = $1
  and "finished_at" is not null
  and "lifted_at" is null
