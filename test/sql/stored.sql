select
  count(*)::int - (
    select
      count(*)::int
    from
      documents d
    where
      d.tenant_id = $1
      and d.deleted_at is not null
  ) - (
    select
      count(*)::int
    from
      documents d
    where
      d.tenant_id = $2
      and d.deleted_at is null
      and d.expires_at <= now()
  ) as "stored"
from
  "documents"
where
  "tenant_id" = $3
