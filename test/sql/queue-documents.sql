with
  queued as (
    insert into
      embedding_jobs (tenant_id, model_id, chunk_id, audience, job_id)
    select
      c.tenant_id,
      $1::smallint,
      c.id,
      c.audience,
      $2::uuid
    from
      documents d
      join chunks c on c.document_id = d.id
    where
      d.tenant_id = $3
      and c.tenant_id = $4
      and d.id = any ($5::uuid[])
    order by
      c.document_id,
      c.ordinal
    on conflict (tenant_id, chunk_id, model_id) do update
    set
      job_id = excluded.job_id,
      attempts = 0,
      rejections = 0,
      dead_at = null,
      available_at = now()
    returning
      1
  )
select
  count(*)::int as queued
from
  queued
