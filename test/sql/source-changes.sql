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
      w.key
    from
      (
        (
          select
            c.key,
            $3::boolean as is_old,
            c.seq
          from
            source_changes c
          where
            c.tenant_id = $4
            and c.source = $5
            and c.dead_at is null
            and c.available_at <= now()
            and c.seq > 0
          order by
            c.seq
          limit
            $6
        )
        union all
        (
          select
            c.key,
            $7::boolean as is_old,
            c.seq
          from
            source_changes c
          where
            c.tenant_id = $8
            and c.source = $9
            and c.dead_at is null
            and c.available_at <= now()
            and c.seq = 0
          order by
            c.seq
          limit
            $10
        )
      ) w
    order by
      w.is_old,
      w.seq
    limit
      $11
  )
  and "kind" <> $12
order by
  "key",
  "seq" desc
