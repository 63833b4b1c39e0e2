select
  (
    select
      count(*)::int as "count"
    from
      "documents"
    where
      "tenant_id" = $1
  ) as "documents",
  (
    select
      count(*)::int as "count"
    from
      "chunks"
    where
      "tenant_id" = $2
  ) as "chunks",
  (
    select
      count(*)::int as "count"
    from
      "embedding_jobs"
    where
      "tenant_id" = $3
      and "dead_at" is null
      and "model_id" = (
        select
          tenant_models.model_id
        from
          tenant_models
        where
          tenant_models.tenant_id = $4
          and tenant_models.role = 'active'
      )
  ) as "pendingChunks",
  (
    select
      count(*)::int as "count"
    from
      "unembeddable_chunks"
    where
      "tenant_id" = $5
      and "model_id" = (
        select
          tenant_models.model_id
        from
          tenant_models
        where
          tenant_models.tenant_id = $6
          and tenant_models.role = 'active'
      )
  ) as "unembeddableChunks"
