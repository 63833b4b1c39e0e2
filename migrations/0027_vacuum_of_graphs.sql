-- Autovacuum pauses by the pages that it looks at, also where they are in memory, and mending a graph looks at more than a thousand
-- for each of its vectors: of 50 s for a graph of 5,000 vectors, all replaced, 37 were pauses. Meanwhile as many rows die again.
-- See docs/decisions/0021-vacuum-of-graphs.md.
alter table tessera.embeddings set (autovacuum_vacuum_cost_delay = 0);
