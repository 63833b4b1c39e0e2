update "tenant_models"
set
  "role" = $1,
  "role_changed_at" = now()
where
  (tenant_id, model_id) in (
    select
      *
    from
      unnest($2::text[], $3::smallint[])
  )
