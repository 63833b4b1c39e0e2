import type { IndexFacts } from './check-indexes.ts';
import { type Finding, formatBytes } from './finding.ts';

export interface MemoryFacts {
  readonly sharedBuffersBytes: number;
  /** What the operator told the planner of the memory for files, the system's included. */
  readonly effectiveCacheBytes: number;
  readonly indexes: readonly IndexFacts[];
}

const graph = /^embeddings_hnsw_/;

/** Whether what every search reads fits into memory: all graphs, and both covering indexes. */
export function checkMemory({ sharedBuffersBytes, effectiveCacheBytes, indexes }: MemoryFacts): Finding[] {
  const check = 'memory';
  const sum = (is: (name: string) => boolean) =>
    indexes.reduce((bytes, { name, sizeBytes }) => (is(name) ? bytes + sizeBytes : bytes), 0);
  const graphs = sum((name) => graph.test(name));
  const covering = sum((name) => name === 'embeddings_exact');
  const words = sum((name) => name === 'chunks_terms');
  const all = graphs + covering + words;
  const parts = `graphs ${formatBytes(graphs)}, vectors' covering index ${formatBytes(covering)}, words' ${formatBytes(words)}`;
  if (all > effectiveCacheBytes) {
    const found = `searches go over ${formatBytes(all)} of indexes (${parts}), more than effective_cache_size (${formatBytes(effectiveCacheBytes)})`;
    const fix =
      'Give the server more memory, or tell it in effective_cache_size what it has; what does not fit is read from disk.';
    return [{ check, level: 'warning', found, fix }];
  }
  if (all > sharedBuffersBytes) {
    const found = `searches go over ${formatBytes(all)} of indexes (${parts}), more than shared_buffers (${formatBytes(sharedBuffersBytes)})`;
    const fix = `Raise shared_buffers above ${formatBytes(all)} where the machine has the memory (needs a restart).`;
    return [{ check, level: 'warning', found, fix }];
  }
  return [
    {
      check,
      level: 'ok',
      found: `${formatBytes(all)} of indexes in shared_buffers of ${formatBytes(sharedBuffersBytes)}: ${parts}`,
    },
  ];
}
