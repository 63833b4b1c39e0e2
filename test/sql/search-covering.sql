with
  "candidates" as materialized (
    select
      "chunk_id" as "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
    order by
      (coarse <#> $3::halfvec) + 0
    limit
      $4
  ),
  "semantic" as materialized (
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
              "embeddings"."document_id" as "document_id",
              "embeddings"."chunk_id" as "chunk_id",
              embeddings.full_vector <#> $5::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $6
              and "embeddings"."model_id" = $7
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
      "score" as "vector_score",
      null::float8 as "keyword_score"
    from
      "semantic"
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
      (
        select
          "item_id",
          "document_id",
          "chunk_id",
          "score",
          "vector_score",
          "keyword_score"
        from
          "fused"
        order by
          "score" desc,
          "item_id" desc
        offset
          0
      ) as "ranked"
    where
      (
        select
          true
        from
          documents
        where
          documents.tenant_id = $8
          and documents.id = ranked.document_id
      )
    limit
      $9
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
  "documents"."expires_at" as "expiresAt",
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
  "vectors"."embeddedAt",
  "vectors"."hasStandIn",
  "vectors"."vector"
from
  "page"
  inner join "documents" on "documents"."id" = "page"."document_id"
  inner join "chunks" on "chunks"."id" = "page"."chunk_id"
  inner join lateral (
    select
      max(embeddings.created_at) filter (
        where
          embeddings.stand_in = 0
      ) as "embeddedAt",
      coalesce(bool_or(embeddings.stand_in > 0), false) as "hasStandIn",
      null::text as "vector"
    from
      "embeddings"
    where
      "embeddings"."tenant_id" = $10
      and "embeddings"."model_id" = $11
      and embeddings.chunk_id = page.chunk_id
  ) as "vectors" on true
where
  "documents"."tenant_id" = $12
  and "chunks"."tenant_id" = $13
  and (
    select
      require_active_model ($14)
  )
order by
  "page"."score" desc,
  "page"."item_id" desc
