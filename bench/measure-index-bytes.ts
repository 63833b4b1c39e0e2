import { type Measures, measure } from './results.ts';
import type { RetrievalBench } from './retrieval-setup.ts';

/** Bytes of the indexes that vector searches read, a chunk: covering index and graphs, against the guides' one graph. */
export async function measureIndexBytes({ superuser }: RetrievalBench): Promise<Measures> {
  const { rows } = await superuser.query<{ covering: number; graphs: number; guides: number; chunks: number }>(`
    select pg_relation_size('tessera.embeddings_exact')::float8 as covering,
      (select coalesce(sum(pg_relation_size(i.indexrelid)), 0)::float8 from pg_index i
        join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'tessera.embeddings'::regclass and c.relname like 'embeddings_hnsw_%') as graphs,
      pg_relation_size('guides.chunks_embedding')::float8 as guides,
      (select count(*)::float8 from tessera.embeddings) as chunks`);
  const { covering = 0, graphs = 0, guides = 1, chunks = 1 } = rows[0] ?? {};
  const each = (bytes: number) => Math.round(bytes / chunks);
  const note = `${each(covering)} + ${each(graphs)} bytes a chunk, guides ${each(guides)}`;
  return { index_bytes_ratio: measure((covering + graphs) / guides, 'of guides', '<=', 1 / 6, note) };
}
