select
  "tenant_models"."model_id" as "modelId",
  "tenant_models"."tier" as "tier",
  "tenant_models"."chunk_count" as "chunks",
  "recall_curves"."tier" as "curveTier",
  "recall_curves"."chunks" as "curveChunks",
  "recall_curves"."sample",
  "recall_curves"."settings" as "settings",
  "recall_curves"."exact_p50_ms" as "exactP50Ms",
  "recall_curves"."exact_p95_ms" as "exactP95Ms",
  "recall_curves"."measured_at" as "measuredAt",
  has_access_lists () as "hasAccessLists",
  (
    select
      min(reltuples)
    from
      pg_class
    where
      oid in (
        'tessera.documents'::regclass,
        'tessera.chunks'::regclass,
        'tessera.embeddings'::regclass
      )
  ) >= $1::int as "mayPlanOnce",
  array(
    (
      select
        "language"
      from
        "corpus_stats"
      where
        "tenant_id" = $2
        and "word_index" is not null
      order by
        "language"
    )
  ) as "wordIndexes",
  (
    (
      select
        sum(chunks)::float8 as "chunks"
      from
        "corpus_stats"
      where
        "tenant_id" = $3
    )
  ) as "countedForWords"
from
  "tenant_models"
  left join "recall_curves" on "recall_curves"."tenant_id" = $4
  and "recall_curves"."model_id" = "tenant_models"."model_id"
where
  "tenant_models"."tenant_id" = $5
  and "tenant_models"."role" = $6
