with
  "counted" as (
    select
      tessera.term_id (l.lexeme) as "term",
      count(*)::int as "chunks"
    from
      "chunks"
      inner join lateral unnest(chunks.tsv) as l (lexeme) on true
    where
      "chunks"."tenant_id" = $1
      and "chunks"."language" = $2
    group by
      tessera.term_id (l.lexeme)
  ),
  "gone" as (
    delete from "term_stats"
    where
      "term_stats"."tenant_id" = $3
      and "term_stats"."language" = $4
      and not exists (
        select
          "counted"."term"
        from
          "counted"
        where
          "counted"."term" = "term_stats"."term"
      )
  )
insert into
  "term_stats" ("tenant_id", "language", "term", "chunks")
select
  $5 as "tenant_id",
  $6 as "language",
  "term",
  "chunks"
from
  "counted"
on conflict ("tenant_id", "language", "term") do update
set
  "chunks" = "excluded"."chunks"
where
  "term_stats"."chunks" <> "excluded"."chunks"
