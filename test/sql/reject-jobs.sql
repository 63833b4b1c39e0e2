update "embedding_jobs"
set
  "available_at" = now() + make_interval(
    secs => $1::float8 * least(600, power(2, least(attempts, 12) - 1))
  ),
  "last_error" = $2,
  "rejections" = rejections + 1,
  "dead_at" = case
    when rejections + 1 >= 3 then now()
  end
where
  "tenant_id" = $3
  and "model_id" = $4
  and "chunk_id" = any ($5::uuid[])
