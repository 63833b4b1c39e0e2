select
  "id" as "chunkId",
  "context",
  "text",
  "content_hash" as "contentHash",
  array(
    select
      tm.model_id
    from
      tenant_models tm
    where
      tm.tenant_id = $1
      and tm.role in ('active', 'candidate')
      and (
        tm.replaces is null
        or tm.filled_at is not null
        or chunks.id <= tm.filled_to
      )
      and not exists (
        select
        from
          "embeddings" x
        where
          x.tenant_id = $2
          and x.chunk_id = chunks.id
          and x.model_id = tm.model_id
          and x.stand_in = 0
      )
      and not exists (
        select
        from
          "embedding_jobs" x
        where
          x.tenant_id = $3
          and x.chunk_id = chunks.id
          and x.model_id = tm.model_id
      )
      and not exists (
        select
        from
          "unembeddable_chunks" x
        where
          x.tenant_id = $4
          and x.chunk_id = chunks.id
          and x.model_id = tm.model_id
      )
    order by
      tm.model_id
  )::integer[] as "lacking",
  coalesce(uuid_extract_timestamp(id), now()) as "since"
from
  "chunks"
where
  "tenant_id" = $5
  and "id" > $6::uuid
order by
  "id"
limit
  $7
