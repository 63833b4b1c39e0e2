update "corpus_stats"
set
  "word_index" = $1,
  "word_index_changed_at" = now()
where
  "tenant_id" = $2
  and "language" = $3
