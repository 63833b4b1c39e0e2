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
  ) as "pendingChunks",
  (
    select
      count(*)::int as "count"
    from
      "unembeddable_chunks"
    where
      "tenant_id" = $4
  ) as "unembeddableChunks"
