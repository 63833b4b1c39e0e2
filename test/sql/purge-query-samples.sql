delete from "query_samples"
where
  "kept_at" < now() - make_interval(days => $1)
