select
  count(*)::integer as "stranded"
from
  "chunks"
where
  "tenant_id" = $1
  and not exists (
    select
    from
      embeddings x
    where
      x.tenant_id = $2
      and x.chunk_id = chunks.id
      and x.model_id = $3::smallint
      and x.stand_in = 0
  )
  and not exists (
    select
    from
      "embedding_jobs" x
    where
      x.tenant_id = $4
      and x.chunk_id = chunks.id
      and x.model_id = $5::smallint
  )
  and not exists (
    select
    from
      "unembeddable_chunks" x
    where
      x.tenant_id = $6
      and x.chunk_id = chunks.id
      and x.model_id = $7::smallint
  )
