update "jobs"
set
  "done" = case
    when exists (
      select
      from
        documents d
      where
        d.tenant_id = $1
        and d.deletion = $2
    ) then least(done + $3, total)
    else total
  end,
  "updated_at" = now()
where
  "tenant_id" = $4
  and "id" = $5
