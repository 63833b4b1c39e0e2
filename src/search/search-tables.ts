import type { ChunkId, DocumentId } from '../ids.ts';

/** The named parts (common table expressions) of a search statement, as its later parts see them. */
export type SearchTables = {
  /** Stage one of the semantic half: keys only. */
  candidates: { chunk_id: ChunkId };
  /** Stage two: each document's best passage at full precision. */
  semantic: { document_id: DocumentId; chunk_id: ChunkId; score: number; rank: number };
  /** The query's words with their inverse document frequencies, and the sum of those. */
  query: { terms: string; weight: number };
  keyword_chunks: { document_id: DocumentId; chunk_id: ChunkId; distance: number };
  /** Each document's best passage by BM25. */
  keyword: { document_id: DocumentId; chunk_id: ChunkId; score: number; rank: number };
  /** One row a document, with its score. */
  fused: Scored;
  /** The part of it that is asked for. */
  page: Scored;
};

interface Scored {
  document_id: DocumentId;
  chunk_id: ChunkId;
  score: number;
  vector_score: number | null;
  keyword_score: number | null;
}
