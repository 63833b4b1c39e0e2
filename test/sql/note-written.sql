update "corpus_stats"
set
  "written" = written + $1
where
  "tenant_id" = $2
