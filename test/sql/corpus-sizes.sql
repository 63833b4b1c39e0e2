select
  "language",
  count(*)::int as "chunks",
  (
    select
      "corpus_stats"."chunks"
    from
      "corpus_stats"
    where
      "corpus_stats"."tenant_id" = $1
      and "corpus_stats"."language" = "chunks"."language"
  ) as "counted",
  (
    select
      "corpus_stats"."written"
    from
      "corpus_stats"
    where
      "corpus_stats"."tenant_id" = $2
      and "corpus_stats"."language" = "chunks"."language"
  ) as "written"
from
  "chunks"
where
  "tenant_id" = $3
group by
  "language"
