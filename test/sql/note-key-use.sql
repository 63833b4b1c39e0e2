select
  note_key_use ($1::text[], $2::uuid[], $3::timestamptz[]) as "noted"
