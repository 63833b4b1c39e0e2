create temporary table staged_documents (
  position integer,
  id uuid,
  collection text,
  external_id text,
  title text,
  body text,
  url text,
  metadata jsonb,
  status text,
  language text,
  content_hash bytea,
  audience integer,
  expires_at timestamptz
) on
commit
drop
