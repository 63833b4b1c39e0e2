create temporary table staged_chunks (
  id uuid,
  document_id uuid,
  ordinal integer,
  context text,
  text text,
  start_offset integer,
  end_offset integer,
  language text,
  content_hash bytea,
  audience integer
) on
commit
drop
