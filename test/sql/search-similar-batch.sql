select
  asked.position as "askedAs",
  hit.*
from
  (
    values
      (0, $1::vector, $2::halfvec, $3::uuid, $4::text),
      (1, $5::vector, $6::halfvec, $7::uuid, $8::text)
  ) as asked (position, "full", "coarse", "example", "words")
  cross join lateral (
    (
      with
        "example" as materialized (
          select
            l2_normalize (mean.vector) as "full_vector",
            l2_normalize (subvector (mean.vector, 1, 256))::halfvec as "coarse"
          from
            (
              select
                avg(embeddings.full_vector) as "vector"
              from
                "embeddings"
                inner join "documents" on "documents"."id" = "embeddings"."document_id"
              where
                "embeddings"."tenant_id" = $9
                and "embeddings"."model_id" = $10
                and "documents"."tenant_id" = $11
                and embeddings.document_id = "asked"."example"::uuid
            ) as "mean"
          where
            vector_norm (subvector (mean.vector, 1, 256)) > 0
        ),
        "candidates" as materialized (
          select
            "chunk_id" as "chunk_id"
          from
            "embeddings"
          where
            "tenant_id" = $12
            and "model_id" = $13
            and embeddings.document_id <> "asked"."example"::uuid
            and exists (
              select
              from
                example
            )
          order by
            coarse <#> (
              select
                example.coarse
              from
                example
            )::halfvec
          limit
            $14
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
                    embeddings.full_vector <#> (
                      select
                        example.full_vector
                      from
                        example
                    )::vector as "distance"
                  from
                    "candidates"
                    inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
                  where
                    "embeddings"."tenant_id" = $15
                    and "embeddings"."model_id" = $16
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
                documents.tenant_id = $17
                and documents.id = ranked.document_id
            )
          limit
            $18
        ),
        "reached" as (
          select
            (
              select
                count(*)::integer
              from
                candidates
            ) as "candidates",
            null::integer as "keywordChunks",
            null::integer as "permitted",
            null::boolean as "cutByScore",
            exists (
              select
              from
                example
            ) as "exampleFound"
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
                "embeddings"."tenant_id" = $19
                and "embeddings"."model_id" = $20
                and embeddings.chunk_id = page.chunk_id
            ) as "vectors" on true
          where
            "documents"."tenant_id" = $21
            and "chunks"."tenant_id" = $22
        ) as "hits" on true
      where
        (
          select
            require_active_model ($23)
        )
      order by
        hits.score desc nulls last,
        hits."itemId" desc
    )
  ) as hit
order by
  asked.position,
  hit.score desc nulls last,
  hit."itemId" desc
