drop index concurrently if exists "tessera"."embeddings_hnsw_34355ed33eff"
