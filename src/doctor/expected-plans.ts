import type { PlanExpectation } from './plan-expectation.ts';

/** A tenant of few documents is as well read by another index that begins with it. */
const someDocuments = /^documents_(pkey|by_collection|by_audience)$/;
/** And one of few chunks by the other. */
const someChunks = /^chunks_(pkey|by_audience)$/;

/**
 * The plan that each way to read is held to, under row-level security, as the gateway's role; what searches are held to is in
 * {@link expectedSearch}. The tests and `tessera doctor` go by these and by no others.
 */
export const expectedPlans = {
  'documents by id': { scans: [{ table: 'documents', index: someDocuments }] },
  'bodies by id': { scans: [{ table: 'documents', index: someDocuments }] },
  'page of documents': { scans: [{ table: 'documents', index: /^documents_pkey$/ }] },
  'page of a collection': { scans: [{ table: 'documents', index: /^documents_by_collection$/ }] },
  passages: {
    scans: [
      { stage: 'passage', table: 'chunks', index: /^chunks_tenant_id_document_id_ordinal_key$/ },
      { stage: 'semantic', table: 'embeddings', index: /^embeddings_pkey$/ },
      { table: 'chunks', index: someChunks },
    ],
  },
  highlights: { scans: [{ table: 'chunks', index: someChunks }] },
  // A tenant that has some, those of it that are to be had, and each of them once more by its key.
  'claim of jobs': {
    scans: [
      { stage: 'tenant', table: 'embedding_jobs', index: /^embedding_jobs_available$/ },
      { stage: 'claimed', table: 'embedding_jobs', index: /^embedding_jobs_available$/ },
      { stage: 'claimed', table: 'embedding_jobs', index: /^embedding_jobs_pkey$/ },
      { table: 'embedding_jobs', index: /^embedding_jobs_pkey$/ },
    ],
  },
} as const satisfies Record<string, PlanExpectation>;
