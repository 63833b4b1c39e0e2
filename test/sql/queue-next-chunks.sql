with
  page as (
    select
      c.id,
      c.audience
    from
      chunks c
    where
      c.tenant_id = $1
      and c.id > coalesce($2::uuid, '00000000-0000-0000-0000-000000000000')
    order by
      c.id
    limit
      $3
  ),
  queued as (
    insert into
      embedding_jobs (tenant_id, model_id, chunk_id, audience, job_id)
    select
      $4,
      $5::smallint,
      page.id,
      page.audience,
      $6::uuid
    from
      page
    where
      not exists (
        select
        from
          "embeddings" x
        where
          x.tenant_id = $7
          and x.chunk_id = page.id
          and x.model_id = $8::smallint
          and x.stand_in = 0
      )
      and not exists (
        select
        from
          "unembeddable_chunks" x
        where
          x.tenant_id = $9
          and x.chunk_id = page.id
          and x.model_id = $10::smallint
      )
    on conflict do nothing
    returning
      1
  )
select
  (
    select
      id
    from
      page
    order by
      id desc
    limit
      1
  ) as "lastId",
  (
    select
      count(*)::integer
    from
      page
  ) as looked,
  (
    select
      count(*)::integer
    from
      queued
  ) as queued
