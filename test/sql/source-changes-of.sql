select distinct
  on ("key") "key",
  "seq",
  kind as "kind",
  "collection",
  snapshot as "snapshot",
  "attempts",
  dead_at is null
  and available_at <= now() as "isDue"
from
  "source_changes"
where
  "tenant_id" = $1
  and "source" = $2
  and key in (
    select
      unnest($3::text[])
  )
  and "kind" <> $4
order by
  "key",
  "seq" desc
