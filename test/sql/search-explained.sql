explain (
  analyze,
  buffers,
  format json
)
with
  "query" as materialized (
    select
      "terms",
      l1_distance (terms, '{}/268435456') as "weight",
      null::tsquery as "rarest"
    from
      (
        select
          query_terms ($1, $2)
      ) as q (terms)
  ),
  "keyword_chunks" as materialized (
    select
      "document_id" as "document_id",
      "id" as "chunk_id",
      (
        chunks.terms <#> (
          select
            terms
          from
            query
        )
      ) + 0 as "distance"
    from
      "chunks"
    where
      "tenant_id" = $3
      and "language" = $4
    order by
      "distance"
    limit
      $5
  ),
  "keyword" as materialized (
    select
      "document_id" as "item_id",
      "document_id",
      "chunk_id",
      - distance as "score",
      row_number() over (
        order by
          distance,
          chunk_id
      ) as "rank"
    from
      (
        select distinct
          on ("document_id") "document_id",
          "chunk_id",
          "distance"
        from
          (
            select
              "document_id",
              "chunk_id",
              "distance"
            from
              "keyword_chunks"
            where
              "distance" < $6
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "fused" as materialized (
    select
      "item_id",
      "document_id",
      "chunk_id",
      "score",
      null::float8 as "vector_score",
      "score" as "keyword_score"
    from
      "keyword"
  ),
  "page" as materialized (
    select
      "item_id",
      "document_id",
      "chunk_id",
      "score",
      "vector_score",
      "keyword_score"
    from
      "fused" as "ranked"
    order by
      "score" desc,
      "item_id" desc
    limit
      $7
  )
select
  "documents"."id" as "id",
  "documents"."collection",
  "documents"."external_id" as "externalId",
  "documents"."title",
  "documents"."url",
  "documents"."metadata",
  "documents"."status",
  documents.language as "language",
  "documents"."version",
  "documents"."created_at" as "createdAt",
  "documents"."updated_at" as "updatedAt",
  page.item_id as "itemId",
  "page"."score",
  "page"."vector_score" as "vectorScore",
  "page"."keyword_score" as "keywordScore",
  "chunks"."id" as "chunkId",
  "chunks"."ordinal",
  "chunks"."context",
  "chunks"."text",
  "chunks"."start_offset" as "startOffset",
  "chunks"."end_offset" as "endOffset",
  "embeddings"."created_at" as "embeddedAt",
  null::text as "vector"
from
  "page"
  inner join "documents" on "documents"."id" = "page"."document_id"
  inner join "chunks" on "chunks"."id" = "page"."chunk_id"
  left join "embeddings" on "embeddings"."chunk_id" = "page"."chunk_id"
  and "embeddings"."tenant_id" = $8
  and "embeddings"."model_id" = $9
where
  "documents"."tenant_id" = $10
  and "chunks"."tenant_id" = $11
order by
  "page"."score" desc,
  "page"."item_id" desc
