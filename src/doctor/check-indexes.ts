import { type Finding, orOk } from './finding.ts';

/** An index of the schema. */
export interface IndexFacts {
  readonly name: string;
  readonly table: string;
  /** False for what an interrupted concurrent build or drop leaves: written by every write, read by nothing. */
  readonly valid: boolean;
  readonly sizeBytes: number;
}

/** What every search goes by, with the migration that creates it. */
const required: Readonly<Record<string, string>> = {
  embeddings_exact: '0006_embeddings.sql',
  embeddings_pkey: '0006_embeddings.sql',
  chunks_terms: '0005_chunks.sql',
  chunks_pkey: '0005_chunks.sql',
  documents_pkey: '0003_documents.sql',
  documents_by_collection: '0003_documents.sql',
  embedding_jobs_available: '0035_bulk_work.sql',
};
const graph = /^embeddings_hnsw_/;

/** Indexes that are missing, and those that a crash left half done. */
export function checkIndexes(indexes: readonly IndexFacts[]): Finding[] {
  const check = 'indexes';
  const names = new Set(indexes.map(({ name }) => name));
  const missing = Object.entries(required)
    .filter(([name]) => !names.has(name))
    .map(
      ([name, file]): Finding => ({
        check,
        level: 'fault',
        found: `the index ${name} is missing`,
        fix: `Create it as the owner of the schema, concurrently, as migrations/${file} has it.`,
      }),
    );
  const invalid = indexes
    .filter(({ valid }) => !valid)
    .map(({ name }): Finding => {
      const fix = graph.test(name)
        ? 'Unless it is being built right now, run "tessera tiers --apply": it drops the index and builds it anew.'
        : `Run "reindex index concurrently tessera.${name}" as the owner of the schema.`;
      return {
        check,
        level: 'fault',
        found: `the index ${name} is invalid: writes pay for it and no search uses it`,
        fix,
      };
    });
  return orOk([...missing, ...invalid], check, `${indexes.length} indexes, all of them valid`);
}
