select
  "id" as "chunkId",
  "document_id" as "documentId",
  exists (
    select
    from
      documents d
    where
      d.tenant_id = $1
      and d.id = chunks.document_id
      and (
        d.deleted_at is null
        or d.deletion is not null
      )
  ) as "hasDocument",
  "context",
  "text",
  "content_hash" as "contentHash",
  array(
    select
      tm.model_id
    from
      tenant_models tm
    where
      tm.tenant_id = $2
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
          x.tenant_id = $3
          and x.chunk_id = chunks.id
          and x.model_id = tm.model_id
          and x.stand_in = 0
      )
      and not exists (
        select
        from
          "embedding_jobs" x
        where
          x.tenant_id = $4
          and x.chunk_id = chunks.id
          and x.model_id = tm.model_id
      )
      and not exists (
        select
        from
          "unembeddable_chunks" x
        where
          x.tenant_id = $5
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
  "tenant_id" = $6
  and "id" > $7::uuid
order by
  "id"
limit
  $8
