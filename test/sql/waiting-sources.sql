select
  "waiting"."tenantId",
  "waiting"."source"
from
  (
    with recursive
      pairs as (
        (
          select
            c.tenant_id,
            c.source
          from
            source_changes c
          where
            c.dead_at is null
          order by
            c.tenant_id,
            c.source
          limit
            1
        )
        union all
        select
          n.tenant_id,
          n.source
        from
          pairs p
          cross join lateral (
            select
              c.tenant_id,
              c.source
            from
              source_changes c
            where
              c.dead_at is null
              and (c.tenant_id, c.source) > (p.tenant_id, p.source)
            order by
              c.tenant_id,
              c.source
            limit
              1
          ) n
      )
    select
      p.tenant_id as "tenantId",
      p.source
    from
      pairs p
    where
      p.tenant_id not in (
        select
          t.id
        from
          tenants t
        where
          t.status <> 'active'
      )
      and exists (
        select
        from
          source_changes c
        where
          c.tenant_id = p.tenant_id
          and c.source = p.source
          and c.dead_at is null
          and c.available_at <= now()
      )
  ) as "waiting"
order by
  random()
