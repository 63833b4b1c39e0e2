with
  "matching" as materialized (
    select
      "m"."chunk_id" as "chunk_id"
    from
      (
        select
          matching_chunks ($1)
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
          (coarse <#> $2::halfvec) + 0 as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $3
          and "embeddings"."model_id" = $4
          and embeddings.chunk_id = matching.chunk_id
        offset
          0
      ) as "each" on true
    limit
      $5
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
              ) <= $6
            order by
              "distance"
            limit
              $7
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
              "embeddings"."tenant_id" = $8
              and "embeddings"."model_id" = $9
              and (
                select
                  permitted
                from
                  counted
              ) > $10
              and (
                "embeddings"."chunk_id" in (
                  select
                    chunk_id
                  from
                    matching
                )
              ) is true
            order by
              coarse <#> $11::halfvec
            limit
              $12
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
              embeddings.full_vector <#> $13::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $14
              and "embeddings"."model_id" = $15
          ) as "passage"
        order by
          "document_id",
          "distance"
      ) as "best"
  ),
  "query" as materialized (
    select
      "q"."language",
      "q"."terms",
      "q"."weight",
      "q"."scale",
      "q"."rarest"
    from
      query_words ($16, $17::text[], $18::int, $19::int) as q
  ),
  "keyword_chunks" as materialized (
    select
      "best"."document_id",
      "best"."chunk_id",
      "best"."distance"
    from
      "query"
      inner join lateral (
        select
          "chunks"."document_id" as "document_id",
          "chunks"."id" as "chunk_id",
          (chunks.terms <#> query.terms) * query.scale as "distance"
        from
          "chunks"
        where
          "chunks"."tenant_id" = $20
          and "chunks"."language" = "query"."language"
          and "id" in (
            select
              matching_chunks ($21)
          )
        order by
          "distance"
        limit
          $22
      ) as "best" on true
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
              "distance" < $23
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
                    max(weight)
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
                    max(weight)
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
        where
          "score" >= $24
          and right(item_id::text, 12) <> all ($25::text[])
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
          documents.tenant_id = $26
          and documents.id = ranked.document_id
      )
    limit
      $27
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
      ) as "permitted",
      exists (
        select
        from
          "fused"
        where
          score < $28
      ) as "cutByScore",
      null::boolean as "exampleFound"
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
  "hits"."expiresAt" as "expiresAt",
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
  "hits"."hasStandIn" as "hasStandIn",
  "hits"."vector" as "vector",
  "reached"."candidates",
  "reached"."keywordChunks",
  "reached"."permitted",
  "reached"."cutByScore",
  "reached"."exampleFound"
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
          "embeddings"."tenant_id" = $29
          and "embeddings"."model_id" = $30
          and embeddings.chunk_id = page.chunk_id
      ) as "vectors" on true
    where
      "documents"."tenant_id" = $31
      and "chunks"."tenant_id" = $32
  ) as "hits" on true
where
  (
    select
      require_active_model ($33)
  )
order by
  hits.score desc nulls last,
  hits."itemId" desc
