select
  "d"."id" as "documentId",
  "d"."title",
  "d"."body",
  "d"."language",
  "d"."url",
  "d"."external_id" as "externalId",
  "d"."content_hash" as "contentHash",
  collections.chunking as "chunking",
  (
    collections.name is null
    or d.created_at > collections.updated_at + interval '1 hour'
  ) as "isChunkingKnown",
  coalesce(
    (
      select
        json_agg(
          json_build_array(
            c.ordinal,
            c.start_offset,
            c.end_offset,
            c.language,
            c.context,
            encode(c.content_hash, 'hex')
          )
          order by
            c.ordinal
        )
      from
        chunks c
      where
        c.tenant_id = $1
        and c.document_id = d.id
    ),
    '[]'
  ) as "chunks",
  "d"."updated_at" as "since"
from
  (
    select
      "id" as "id",
      "collection",
      "external_id",
      "title",
      "body",
      "url",
      "language",
      "content_hash",
      "created_at",
      "updated_at",
      sum(octet_length(body)) over (
        order by
          id
      ) - octet_length(body) as "bytes_before"
    from
      "documents"
    where
      "tenant_id" = $2
      and "deleted_at" is null
      and (
        expires_at is null
        or expires_at > now()
      )
      and "id" > $3
    order by
      "id"
    limit
      $4
  ) as "d"
  left join "collections" on "collections"."tenant_id" = $5
  and "collections"."name" = "d"."collection"
where
  d.bytes_before < $6
order by
  "d"."id"
