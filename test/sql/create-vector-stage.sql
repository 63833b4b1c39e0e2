create temporary table staged_vectors (
  chunk_id uuid,
  coarse halfvec,
  full_vector vector,
  dimensions smallint
) on
commit
drop
