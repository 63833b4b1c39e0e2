update "jobs"
set
  "total" = greatest(
    total,
    done + $1::integer + (
      (
        select
          count(*)::integer as "count"
        from
          "embedding_jobs"
        where
          "tenant_id" = $2
          and "job_id" = $3
      )
    )
  ),
  "done" = done + $4::integer,
  "updated_at" = now()
where
  "tenant_id" = $5
  and "id" = $6
