with
  "candidates" as materialized (
    select
      "chunk_id" as "chunk_id"
    from
      "embeddings"
    where
      "tenant_id" = $1
      and "model_id" = $2
      and "embeddings"."audience" = any (
        array(
          select
            0
          union all
          select
            permitted_audiences ()
        )
      )
      and "document_id" in (
        select
          "documents"."id"
        from
          "documents"
        where
          "documents"."tenant_id" = $3
          and (
            (
              (starts_with(documents.title, $4))
              or ((documents.external_id is null)) is not true
            )
            and (documents.status <> $5)
            and (documents.created_at >= $6)
            and (
              exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $7
                  and attribute.name = $8
                  and "attribute"."number_value" is not null
                  and attribute.document_id = documents.id
              )
              and exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $9
                  and attribute.name = $10
                  and "attribute"."number_value" is not null
                  and attribute.document_id = documents.id
                  and "attribute"."number_value" >= $11
              )
            )
            and not exists (
              select
              from
                document_attributes as attribute
              where
                attribute.tenant_id = $12
                and attribute.name = $13
                and "attribute"."date_value" is not null
                and attribute.document_id = documents.id
            )
            and (
              exists (
                select
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $14
                  and attribute.name = $15
                  and "attribute"."item_value" is not null
                  and attribute.document_id = documents.id
                  and attribute.item_value = any ($16)
              )
              and documents.id in (
                select
                  attribute.document_id
                from
                  document_attributes as attribute
                where
                  attribute.tenant_id = $17
                  and attribute.name = $18
                  and "attribute"."item_value" is not null
                  and attribute.item_value = any ($19)
                group by
                  attribute.document_id
                having
                  count(*) = $20
              )
            )
            and (
              case
                when jsonb_typeof(documents.metadata -> $21) = 'number' then (documents.metadata ->> $22)::float8
              end >= $23
            )
            and (
              case
                when jsonb_typeof(documents.metadata -> $24) = 'string' then documents.metadata ->> $25
              end = any ($26)
            )
          )
          and "documents"."audience" = any (
            array(
              select
                0
              union all
              select
                permitted_audiences ()
            )
          )
          and "documents"."collection" = any ($27)
      )
      and "chunk_id" in (
        select
          matching_chunks ($28)
      )
      and "chunk_id" <> all ($29::uuid[])
    order by
      coarse <#> $30::halfvec
    limit
      $31
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
              embeddings.full_vector <#> $32::vector as "distance"
            from
              "candidates"
              inner join "embeddings" on "embeddings"."chunk_id" = "candidates"."chunk_id"
            where
              "embeddings"."tenant_id" = $33
              and "embeddings"."model_id" = $34
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
      query_words ($35, $36::text[], $37::int, $38::int) as q
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
          "chunks"."tenant_id" = $39
          and "chunks"."language" = "query"."language"
          and "chunks"."audience" = any (
            array(
              select
                0
              union all
              select
                permitted_audiences ()
            )
          )
          and "document_id" in (
            select
              "documents"."id"
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
              and "documents"."audience" = any (
                array(
                  select
                    0
                  union all
                  select
                    permitted_audiences ()
                )
              )
              and "documents"."collection" = any ($64)
          )
          and "id" in (
            select
              matching_chunks ($65)
          )
        order by
          "distance"
        limit
          $66
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
              "distance" < $67
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
          "score" >= $68
          and right(item_id::text, 12) <> all ($69::text[])
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
          documents.tenant_id = $70
          and documents.id = ranked.document_id
      )
    limit
      $71
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
      "embeddings"."tenant_id" = $72
      and "embeddings"."model_id" = $73
      and embeddings.chunk_id = page.chunk_id
  ) as "vectors" on true
where
  "documents"."tenant_id" = $74
  and "chunks"."tenant_id" = $75
  and (
    select
      require_active_model ($76)
  )
order by
  "page"."score" desc,
  "page"."item_id" desc
