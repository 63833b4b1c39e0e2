create temporary table staged_vectors (
  chunk_id uuid,
  document_id uuid,
  audience integer,
  coarse halfvec,
  full_vector vector,
  dimensions smallint
) on
commit
drop
