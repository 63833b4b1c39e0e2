select
  vector_dims ('[0]'::vector) as loaded,
  current_setting('server_version_num')::integer as postgres,
  (
    select
      extversion
    from
      pg_catalog.pg_extension
    where
      extname = 'vector'
  ) as pgvector,
  current_setting('autovacuum')::boolean as autovacuum,
  current_setting('track_counts')::boolean as "trackCounts",
  (
    select
      setting::integer
    from
      pg_catalog.pg_settings
    where
      name = 'autovacuum_naptime'
  ) as "autovacuumNaptimeSeconds",
  current_setting('autovacuum_max_workers')::integer as "autovacuumWorkers",
  (
    select
      nullif(setting, '-1')::float8 * 1024
    from
      pg_catalog.pg_settings
    where
      name = 'autovacuum_work_mem'
  ) as "autovacuumWorkMemBytes",
  pg_size_bytes(current_setting('shared_buffers'))::float8 as "sharedBuffersBytes",
  current_setting('huge_pages_status', true) = 'off' as "lacksHugePages",
  pg_size_bytes(current_setting('effective_cache_size'))::float8 as "effectiveCacheBytes",
  pg_size_bytes(current_setting('maintenance_work_mem'))::float8 as "maintenanceWorkMemBytes",
  current_setting('wal_compression') as "walCompression",
  current_setting('max_parallel_workers')::integer as "maxParallelWorkers",
  current_setting('max_worker_processes')::integer as "maxWorkerProcesses",
  (
    select
      reset_val::float8
    from
      pg_catalog.pg_settings
    where
      name = 'random_page_cost'
  ) as "randomPageCost",
  coalesce(
    current_setting('hnsw.max_scan_tuples', true),
    '20000'
  )::integer as "maxScanTuples"
