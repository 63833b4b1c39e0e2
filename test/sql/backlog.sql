select
  count(*)::integer as "chunks"
from
  (
    select
      "chunk_id"
    from
      "embedding_jobs"
    where
      "tenant_id" = $1
      and "model_id" = $2
      and "dead_at" is null
    limit
      $3
  ) as "waiting"
