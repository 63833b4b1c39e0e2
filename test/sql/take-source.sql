select
  pg_try_advisory_xact_lock_shared(hashtextextended ($1, 0))
  and pg_try_advisory_xact_lock(hashtextextended ($2, 0)) as "isTaken"
