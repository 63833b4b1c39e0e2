with
  changed as (
    update jobs
    set
      done = jobs.done + progress.done,
      updated_at = now()
    from
      unnest($1::uuid[], $2::integer[]) as progress (id, done)
    where
      jobs.tenant_id = $3
      and jobs.id = progress.id
    returning
      jobs.id
  )
select
  pg_notify ('tessera_job_progress', $4 || '/' || changed.id)
from
  changed
