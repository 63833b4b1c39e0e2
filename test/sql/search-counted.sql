with
  "selected" as materialized (
    select
      "documents"."id"
    from
      "documents"
    where
      "documents"."tenant_id" = $1
      and (
        (
          (starts_with(documents.title, $2))
          or ((documents.external_id is null)) is not true
        )
        and (documents.status <> $3)
        and (documents.created_at >= $4)
        and (
          exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $5
              and attribute.name = $6
              and "attribute"."number_value" is not null
              and attribute.document_id = documents.id
          )
          and exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $7
              and attribute.name = $8
              and "attribute"."number_value" is not null
              and attribute.document_id = documents.id
              and "attribute"."number_value" >= $9
          )
        )
        and not exists (
          select
          from
            document_attributes as attribute
          where
            attribute.tenant_id = $10
            and attribute.name = $11
            and "attribute"."date_value" is not null
            and attribute.document_id = documents.id
        )
        and (
          exists (
            select
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $12
              and attribute.name = $13
              and "attribute"."item_value" is not null
              and attribute.document_id = documents.id
              and attribute.item_value = any ($14)
          )
          and documents.id in (
            select
              attribute.document_id
            from
              document_attributes as attribute
            where
              attribute.tenant_id = $15
              and attribute.name = $16
              and "attribute"."item_value" is not null
              and attribute.item_value = any ($17)
            group by
              attribute.document_id
            having
              count(*) = $18
          )
        )
        and (
          case
            when jsonb_typeof(documents.metadata -> $19) = 'number' then (documents.metadata ->> $20)::float8
          end >= $21
        )
        and (
          case
            when jsonb_typeof(documents.metadata -> $22) = 'string' then documents.metadata ->> $23
          end = any ($24)
        )
      )
      and "documents"."collection" = any ($25)
  ),
  "matching" as materialized (
    select
      "m"."chunk_id" as "chunk_id"
    from
      (
        select
          keyword_matches ($26, websearch_to_tsquery($27::regconfig, $28))
      ) as m (chunk_id)
  ),
  "permitted" as materialized (
    select
      "each"."chunk_id",
      "each"."distance"
    from
      "selected"
      inner join lateral (
        select
          "chunk_id" as "chunk_id",
          (coarse <#> $29::halfvec) + 0 as "distance"
        from
          "embeddings"
        where
          "embeddings"."tenant_id" = $30
          and "embeddings"."model_id" = $31
          and "embeddings"."chunk_id" <> all ($32::uuid[])
          and embeddings.document_id = selected.id
          and (
            embeddings.chunk_id in (
              select
                chunk_id
              from
                matching
            )
          ) is true
        offset
          0
      ) as "each" on true
    limit
      $33
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
              ) <= $34
            order by
              "distance"
            limit
              $35
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
              "embeddings"."tenant_id" = $36
              and "embeddings"."model_id" = $37
              and "embeddings"."chunk_id" <> all ($38::uuid[])
              and (
                select
                  permitted
                from
                  counted
              ) > $39
              and (
                (
                  select
                    true as "selected"
                  from
                    "documents"
                  where
                    "documents"."tenant_id" = $40
                    and (
                      (
                        (starts_with(documents.title, $41))
                        or ((documents.external_id is null)) is not true
                      )
                      and (documents.status <> $42)
                      and (documents.created_at >= $43)
                      and (
                        exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $44
                            and attribute.name = $45
                            and "attribute"."number_value" is not null
                            and attribute.document_id = documents.id
                        )
                        and exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $46
                            and attribute.name = $47
                            and "attribute"."number_value" is not null
                            and attribute.document_id = documents.id
                            and "attribute"."number_value" >= $48
                        )
                      )
                      and not exists (
                        select
                        from
                          document_attributes as attribute
                        where
                          attribute.tenant_id = $49
                          and attribute.name = $50
                          and "attribute"."date_value" is not null
                          and attribute.document_id = documents.id
                      )
                      and (
                        exists (
                          select
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $51
                            and attribute.name = $52
                            and "attribute"."item_value" is not null
                            and attribute.document_id = documents.id
                            and attribute.item_value = any ($53)
                        )
                        and documents.id in (
                          select
                            attribute.document_id
                          from
                            document_attributes as attribute
                          where
                            attribute.tenant_id = $54
                            and attribute.name = $55
                            and "attribute"."item_value" is not null
                            and attribute.item_value = any ($56)
                          group by
                            attribute.document_id
                          having
                            count(*) = $57
                        )
                      )
                      and (
                        case
                          when jsonb_typeof(documents.metadata -> $58) = 'number' then (documents.metadata ->> $59)::float8
                        end >= $60
                      )
                      and (
                        case
                          when jsonb_typeof(documents.metadata -> $61) = 'string' then documents.metadata ->> $62
                        end = any ($63)
                      )
                    )
                    and "documents"."collection" = any ($64)
                    and documents.id = embeddings.document_id
                )
              )
              and (
                embeddings.chunk_id in (
                  select
                    chunk_id
                  from
                    matching
                )
              ) is true
            order by
              coarse <#> $65::halfvec
            limit
              $66
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
              embeddings.full_vector <#> $67::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $68
              and "embeddings"."model_id" = $69
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
          query_terms ($70, $71)
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
      "tenant_id" = $72
      and "language" = $73
      and "document_id" in (
        select
          "documents"."id"
        from
          "documents"
        where
          "documents"."tenant_id" = $74
          and (
            (
              (starts_with(documents.title, $75))
              or ((documents.external_id is null)) is not true
            )
            and (documents.status <> $76)
            and (documents.created_at >= $77)
            and (
              exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $78
                  and attribute.name = $79
                  and "attribute"."number_value" is not null
                  and attribute.document_id = documents.id
              )
              and exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $80
                  and attribute.name = $81
                  and "attribute"."number_value" is not null
                  and attribute.document_id = documents.id
                  and "attribute"."number_value" >= $82
              )
            )
            and not exists (
              select
              from
                document_attributes as attribute
              where
                attribute.tenant_id = $83
                and attribute.name = $84
                and "attribute"."date_value" is not null
                and attribute.document_id = documents.id
            )
            and (
              exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $85
                  and attribute.name = $86
                  and "attribute"."item_value" is not null
                  and attribute.document_id = documents.id
                  and attribute.item_value = any ($87)
              )
              and documents.id in (
                select
                  attribute.document_id
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $88
                  and attribute.name = $89
                  and "attribute"."item_value" is not null
                  and attribute.item_value = any ($90)
                group by
                  attribute.document_id
                having
                  count(*) = $91
              )
            )
            and (
              case
                when jsonb_typeof(documents.metadata -> $92) = 'number' then (documents.metadata ->> $93)::float8
              end >= $94
            )
            and (
              case
                when jsonb_typeof(documents.metadata -> $95) = 'string' then documents.metadata ->> $96
              end = any ($97)
            )
          )
          and "documents"."collection" = any ($98)
      )
      and "id" in (
        select
          keyword_matches ($99, websearch_to_tsquery($100::regconfig, $101))
      )
    order by
      "distance"
    limit
      $102
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
              "distance" < $103
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
      "score" >= $104
      and right(item_id::text, 12) <> all ($105::text[])
    order by
      "score" desc,
      "item_id" desc
    limit
      $106
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
      and "embeddings"."tenant_id" = $107
      and "embeddings"."model_id" = $108
    where
      "documents"."tenant_id" = $109
      and "chunks"."tenant_id" = $110
  ) as "hits" on true
order by
  hits.score desc nulls last,
  hits."itemId" desc
