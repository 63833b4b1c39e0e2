with
  queued as (
    insert into
      embedding_jobs (tenant_id, model_id, chunk_id, audience, job_id)
    select
      c.tenant_id,
      m.model_id,
      c.id,
      c.audience,
      case
        when m.role = 'active' then $1::uuid
      end
    from
      documents d
      join chunks c on c.document_id = d.id
      join tenant_models m on m.tenant_id = c.tenant_id
    where
      d.tenant_id = $2
      and c.tenant_id = $3
      and d.id = any ($4::uuid[])
      and m.tenant_id = $5
      and m.role in ('active', 'candidate')
    order by
      c.document_id,
      c.ordinal
    on conflict (tenant_id, chunk_id, model_id) do update
    set
      job_id = coalesce(excluded.job_id, embedding_jobs.job_id),
      attempts = 0,
      rejections = 0,
      dead_at = null,
      available_at = now()
    returning
      job_id,
      chunk_id
  )
select
  count(*)::int as queued,
  coalesce(array_agg(distinct c.document_id::text), '{}') as documents
from
  queued
  join chunks c on c.tenant_id = $6
  and c.id = queued.chunk_id
where
  queued.job_id = $7::uuid
