insert into
  "corpus_stats" ("tenant_id", "language", "chunks")
values
  ($1, $2, $3)
on conflict ("tenant_id", "language") do update
set
  "chunks" = $4,
  "counted_at" = now(),
  "written" = corpus_stats.written - $5
