create index concurrently "embeddings_hnsw_34355ed33eff" on tessera.embeddings using hnsw (coarse halfvec_ip_ops)
with
  (m = 16, ef_construction = 64)
where
  tenant_id = 'acme'
  and model_id = 1::smallint
