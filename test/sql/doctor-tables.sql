select
  c.relname as name,
  c.relpages as pages,
  c.relallvisible as "visiblePages",
  (
    pg_relation_size(c.oid) / current_setting('block_size')::integer
  )::float8 as "pagesNow",
  nullif(c.reltuples, -1)::float8 as "plannedRows",
  coalesce(s.n_live_tup, 0)::float8 as "liveRows",
  coalesce(s.n_dead_tup, 0)::float8 as "deadRows",
  c.reltuples >= 0 as analysed,
  coalesce(c.reloptions, '{}') as options
from
  pg_catalog.pg_class c
  left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
where
  c.relnamespace = 'tessera'::regnamespace
  and c.relkind = 'r'
order by
  c.relname
