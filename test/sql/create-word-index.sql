create index concurrently "chunks_words_4ba876f283b0" on tessera.chunks using gin (tsv)
with
  (fastupdate = off)
where
  tenant_id = 'acme'
  and language = 'german'
