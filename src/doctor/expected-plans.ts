import type { ExpectedScan, PlanExpectation } from './plan-expectation.ts';

const coveringScan: ExpectedScan = {
  table: 'embeddings',
  index: /^embeddings_exact$/,
  indexOnly: true,
  everyRow: true,
};
const graphScan: ExpectedScan = { table: 'embeddings', index: /^embeddings_hnsw_/ };
/** Stage two looks its candidates up one by one. */
const rerankScan: ExpectedScan = { table: 'embeddings', index: /^embeddings_pkey$/ };
const termsScan: ExpectedScan = { table: 'chunks', index: /^chunks_terms$/, indexOnly: true, everyRow: true };
/** Any index that begins with what the filter names. */
const filteredVectors: ExpectedScan = {
  table: 'embeddings',
  index: /^(embeddings_exact|embeddings_hnsw_|embeddings_pkey)/,
};
const documentScan: ExpectedScan = { table: 'documents', index: /^documents_pkey$/ };
const chunkScan: ExpectedScan = { table: 'chunks', index: /^chunks_pkey$/ };
/** A tenant of few documents is as well read by another index that begins with it. */
const someDocumentScan: ExpectedScan = { table: 'documents', index: /^documents_(pkey|by_collection|by_audience)$/ };
/** And one of few chunks by the other. */
const someChunkScan: ExpectedScan = { table: 'chunks', index: /^chunks_(pkey|by_audience)$/ };
/** What a page of hits is read by. */
const page = [documentScan, chunkScan];

/**
 * The plan that each strategy is held to, under row-level security, as the gateway's role. The tests and `tessera doctor`
 * go by this table and by no other.
 */
export const expectedPlans = {
  'semantic, exact tier': { scans: [coveringScan, rerankScan, ...page] },
  'semantic, hnsw tier': { scans: [graphScan, rerankScan, ...page] },
  keyword: { scans: [termsScan, ...page] },
  'hybrid, exact tier': { scans: [coveringScan, rerankScan, termsScan, ...page] },
  'hybrid, hnsw tier': { scans: [graphScan, rerankScan, termsScan, ...page] },
  'by chunk, exact tier': { scans: [coveringScan, rerankScan, ...page] },
  'by chunk, hnsw tier': { scans: [graphScan, rerankScan, ...page] },
  'filtered by collection': {
    scans: [{ table: 'documents', index: /^documents_/ }, filteredVectors, ...page],
  },
  // A tenant that is most of the table has most of its pages read, in whatever order.
  'recall EXACT': { scans: [{ table: 'embeddings', index: /^embeddings_/ }], mayReadWhole: true },
  'documents by id': { scans: [someDocumentScan] },
  'bodies by id': { scans: [someDocumentScan] },
  'page of documents': { scans: [documentScan] },
  'page of a collection': { scans: [{ table: 'documents', index: /^documents_by_collection$/ }] },
  passages: { scans: [{ table: 'chunks', index: /^chunks_tenant_id_document_id_ordinal_key$/ }] },
  highlights: { scans: [someChunkScan] },
  'claim of jobs': { scans: [{ table: 'embedding_jobs', index: /^embedding_jobs_available$/ }] },
} as const satisfies Record<string, PlanExpectation>;

/** A way to read the database that has a plan of its own. */
export type Strategy = keyof typeof expectedPlans;
