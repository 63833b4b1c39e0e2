with recursive
  tenant (tenant_id) as (
    (
      select
        j.tenant_id
      from
        embedding_jobs j
      where
        j.model_id = $1
        and j.dead_at is null
      order by
        j.tenant_id
      limit
        1
    )
    union all
    select
      (
        select
          j.tenant_id
        from
          embedding_jobs j
        where
          j.model_id = $2
          and j.dead_at is null
          and j.tenant_id > tenant.tenant_id
        order by
          j.tenant_id
        limit
          1
      )
    from
      tenant
    where
      tenant.tenant_id is not null
  ),
  active as (
    select
      tenant.tenant_id
    from
      tenant
    where
      tenant.tenant_id is not null
      and tenant.tenant_id not in (
        select
          tenants.id
        from
          tenants
        where
          tenants.status <> 'active'
      )
      and tenant.tenant_id <> all ($3::text[])
  ),
  waiting as (
    select
      w.tenant_id,
      w.chunk_id,
      w.available_at,
      row_number() over (
        partition by
          w.tenant_id
        order by
          w.place,
          w.is_bulk
      ) as turn
    from
      (
        select
          w.tenant_id,
          w.chunk_id,
          w.available_at,
          w.is_bulk,
          row_number() over (
            partition by
              w.tenant_id,
              w.is_bulk
            order by
              w.available_at,
              w.chunk_id
          ) as place
        from
          active
          cross join (
            values
              (false),
              (true)
          ) kind (is_bulk)
          cross join lateral (
            select
              j.tenant_id,
              j.chunk_id,
              j.available_at,
              j.is_bulk
            from
              embedding_jobs j
            where
              j.model_id = $4
              and j.dead_at is null
              and j.tenant_id = active.tenant_id
              and j.is_bulk = kind.is_bulk
              and j.available_at <= now()
            order by
              j.available_at
            limit
              (
                select
                  8 + 4 * $5::integer / greatest(1, count(*))
                from
                  active
              )
          ) w
      ) w
  ),
  claimed as (
    select
      j.tenant_id,
      j.model_id,
      j.chunk_id
    from
      (
        select
          *
        from
          waiting
        order by
          turn,
          available_at,
          tenant_id
        limit
          4 * $6::integer
      ) w
      cross join lateral (
        select
          j.tenant_id,
          j.model_id,
          j.chunk_id
        from
          embedding_jobs j
        where
          j.model_id = $7
          and j.dead_at is null
          and j.tenant_id = w.tenant_id
          and j.chunk_id = w.chunk_id
          and j.available_at <= now()
        for update
          skip locked
      ) j
    limit
      $8
  )
update embedding_jobs
set
  attempts = attempts + 1,
  available_at = now() + make_interval(secs => $9)
from
  claimed
where
  embedding_jobs.tenant_id = claimed.tenant_id
  and embedding_jobs.model_id = claimed.model_id
  and embedding_jobs.chunk_id = claimed.chunk_id
returning
  embedding_jobs.tenant_id as "tenantId",
  embedding_jobs.chunk_id as "chunkId",
  embedding_jobs.attempts,
  embedding_jobs.job_id as "jobId",
  embedding_jobs.is_bulk as "isBulk"
