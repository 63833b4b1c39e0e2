import type { ChunkId, DocumentId } from '../ids.ts';

/** The named parts (common table expressions) of a search statement, as its later parts see them. */
export type SearchTables = {
  /** What the search is near to, where that is a stored document or passage: one row, or none where it has no vector. */
  example: { full_vector: string; coarse: string };
  /** Documents that a filter selects, where stage one begins with those. */
  selected: { id: DocumentId };
  /** Chunks that satisfy the quoted, required and excluded words, where stage one asks for them. */
  matching: { chunk_id: ChunkId };
  /** Permitted chunks with their coarse distance, up to a budget and one more. */
  permitted: { chunk_id: ChunkId; distance: number };
  /** How many those are. */
  counted: { permitted: number };
  /** Stage one of the semantic half: keys only. */
  candidates: { chunk_id: ChunkId };
  /** Stage two: the best passage of each item at full precision. */
  semantic: Ranked;
  /** The query in each of the tenant's languages. */
  query: QueryWords;
  /** Permitted chunks by BM25, up to a budget and one more. */
  scored: { document_id: DocumentId; chunk_id: ChunkId; distance: number };
  /** How many those are. */
  scored_count: { chunks: number };
  /** The best permitted chunks with the rarest words, of each language. */
  rarest_chunks: { language: string; document_id: DocumentId; chunk_id: ChunkId; distance: number };
  keyword_chunks: { document_id: DocumentId; chunk_id: ChunkId; distance: number };
  /** The best passage of each item by BM25. */
  keyword: Ranked;
  /** One row an item, with its score. */
  fused: Scored;
  /** The same with scores that have faded with the age of the document. */
  aged: Scored;
  /** The part of it that is asked for. */
  page: Scored;
  /** What each half had to choose from, in one row. */
  reached: Reached;
};

/** What a search had before anything was ranked; null where there is no such half or nothing was counted. */
export interface Reached {
  /** Chunks that stage one passed on. */
  candidates: number | null;
  /** Chunks that have a word of the query and were passed on. */
  keywordChunks: number | null;
  /** Chunks that the filter permits, at most one more than the budget. */
  permitted: number | null;
  /** Whether something was ranked that the least score keeps from the pages; null where there is no least score. */
  cutByScore: boolean | null;
  /** Whether there is a vector of the stored document or passage that it is near to; null where it is near to another. */
  exampleFound: boolean | null;
}

/** A query in one language, as the function `query_words` gives it. */
export interface QueryWords {
  language: string;
  /** Its words with their inverse document frequencies. */
  terms: string;
  /** What a text with every word would weigh, scaled: the same for every language. */
  weight: number;
  /** What makes a score in this language comparable with those in the others; 1 where there is but one. */
  scale: number;
  /** The rarest of its words; null where every chunk is to be scored. */
  rarest: string | null;
}

/** An item is what hits are grouped by: its id is a document's or a chunk's. */
interface Ranked {
  item_id: string;
  document_id: DocumentId;
  chunk_id: ChunkId;
  score: number;
  rank: number;
}

interface Scored {
  item_id: string;
  document_id: DocumentId;
  chunk_id: ChunkId;
  score: number;
  vector_score: number | null;
  keyword_score: number | null;
}
