import type { Database } from '../../db/database.ts';
import { createTunedSearch } from '../../recall/tuned-search.ts';
import type { SearchDeps } from '../../search/search.ts';
import { normaliseVector } from '../../vector.ts';

/** A vector that is near to nobody's in particular: what is searched for makes no difference to the plan. */
export function probeVector(dimensions: number): Float32Array {
  return normaliseVector(Float32Array.from({ length: dimensions }, (_, index) => Math.sin(index)));
}

/** What searches need, as the gateway has it, but for the embedder: every text gets the same vector. */
export function probeDeps(database: Database, model: { readonly id: number; readonly dimensions: number }): SearchDeps {
  const { id: modelId, dimensions } = model;
  const vector = probeVector(dimensions);
  return {
    database,
    modelId,
    embedder: {
      model: { name: 'probe', dimensions },
      fusionWeights: { keyword: 1, semantic: 1 },
      ...{ maxTokens: 1, maxBatch: 1 },
      countTokens: () => 1,
      embed: async (texts) => texts.map(() => vector),
    },
    ...createTunedSearch({ database }),
  };
}
