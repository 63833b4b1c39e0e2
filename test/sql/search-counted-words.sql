with
  "matching" as materialized (
    select
      "m"."chunk_id" as "chunk_id"
    from
      (
        select
          keyword_matches ($1, websearch_to_tsquery($2::regconfig, $3))
      ) as m (chunk_id)
  ),
  "permitted" as materialized (
    select
      "each"."chunk_id",
      "each"."distance"
    from
      "matching"
      inner join lateral (
        select
          "chunk_id" as "chunk_id",
          (coarse <#> $4::halfvec) + 0 as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $5
          and "embeddings"."model_id" = $6
          and embeddings.chunk_id = matching.chunk_id
        offset
          0
      ) as "each" on true
    limit
      $7
  ),
  "counted" as materialized (
    select
      count(*)::integer as "permitted"
    from
      "permitted"
  ),
  "candidates" as materialized (
    select
      "chunk_id"
    from
      (
        select
          "chunk_id"
        from
          (
            select
              "chunk_id"
            from
              "permitted"
            where
              (
                select
                  permitted
                from
                  counted
              ) <= $8
            order by
              "distance"
            limit
              $9
          ) as "one_by_one"
        union all
        select
          "chunk_id"
        from
          (
            select
              "chunk_id" as "chunk_id"
            from
              "embeddings"
            where
              "embeddings"."tenant_id" = $10
              and "embeddings"."model_id" = $11
              and (
                select
                  permitted
                from
                  counted
              ) > $12
              and (
                embeddings.chunk_id in (
                  select
                    chunk_id
                  from
                    matching
                )
              ) is true
            order by
              coarse <#> $13::halfvec
            limit
              $14
          ) as "by_graph"
      ) as "either"
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
              embeddings.full_vector <#> $15::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $16
              and "embeddings"."model_id" = $17
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "query" as materialized (
    select
      "terms",
      l1_distance (terms, '{}/268435456') as "weight",
      null::tsquery as "rarest"
    from
      (
        select
          query_terms ($18, $19)
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
      "tenant_id" = $20
      and "language" = $21
      and "id" in (
        select
          keyword_matches ($22, websearch_to_tsquery($23::regconfig, $24))
      )
    order by
      "distance"
    limit
      $25
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
              "distance" < $26
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "fused" as materialized (
    select
      coalesce(s.item_id, k.item_id) as "item_id",
      coalesce(s.document_id, k.document_id) as "document_id",
      case
        when coalesce(
          2 * power(
            least(
              1,
              k.score / nullif(
                (
                  select
                    weight
                  from
                    query
                ),
                0
              )
            ),
            3
          ) / (60 + k.rank),
          0
        ) > coalesce(1::float8 / (60 + s.rank), 0) then k.chunk_id
        else s.chunk_id
      end as "chunk_id",
      (
        coalesce(
          2 * power(
            least(
              1,
              k.score / nullif(
                (
                  select
                    weight
                  from
                    query
                ),
                0
              )
            ),
            3
          ) / (60 + k.rank),
          0
        ) + coalesce(1::float8 / (60 + s.rank), 0)
      ) / 0.04918032786885246 as "score",
      "s"."score" as "vector_score",
      "k"."score" as "keyword_score"
    from
      "semantic" as "s"
      full join "keyword" as "k" on "k"."item_id" = "s"."item_id"
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
    where
      "score" >= $27
      and right(item_id::text, 12) <> all ($28::text[])
    order by
      "score" desc,
      "item_id" desc
    limit
      $29
  ),
  "reached" as (
    select
      (
        select
          count(*)::integer
        from
          candidates
      ) as "candidates",
      (
        select
          count(*)::integer
        from
          keyword_chunks
        where
          distance < 0
      ) as "keywordChunks",
      (
        select
          permitted
        from
          counted
      ) as "permitted"
  )
select
  "hits"."id" as "id",
  "hits"."collection" as "collection",
  "hits"."externalId" as "externalId",
  "hits"."title" as "title",
  "hits"."url" as "url",
  "hits"."metadata" as "metadata",
  "hits"."status" as "status",
  "hits"."language" as "language",
  "hits"."version" as "version",
  "hits"."createdAt" as "createdAt",
  "hits"."updatedAt" as "updatedAt",
  "hits"."itemId" as "itemId",
  "hits"."score" as "score",
  "hits"."vectorScore" as "vectorScore",
  "hits"."keywordScore" as "keywordScore",
  "hits"."chunkId" as "chunkId",
  "hits"."ordinal" as "ordinal",
  "hits"."context" as "context",
  "hits"."text" as "text",
  "hits"."startOffset" as "startOffset",
  "hits"."endOffset" as "endOffset",
  "hits"."embeddedAt" as "embeddedAt",
  "hits"."vector" as "vector",
  "reached"."candidates",
  "reached"."keywordChunks",
  "reached"."permitted"
from
  "reached"
  left join (
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
      and "embeddings"."tenant_id" = $30
      and "embeddings"."model_id" = $31
    where
      "documents"."tenant_id" = $32
      and "chunks"."tenant_id" = $33
  ) as "hits" on true
order by
  hits.score desc nulls last,
  hits."itemId" desc
