import type { IndexFacts } from './check-indexes.ts';
import { type Finding, formatBytes } from './finding.ts';

export interface MemoryFacts {
  readonly sharedBuffersBytes: number;
  /** Null where the server does not say, which PostgreSQL does from 17 on. */
  readonly lacksHugePages: boolean | null;
  /** What the operator told the planner of the memory for files, the system's included. */
  readonly effectiveCacheBytes: number;
  readonly indexes: readonly IndexFacts[];
}

const graph = /^embeddings_hnsw_/;

/** Of indexes from which on pages of 4 kB are worth a word. */
const manyBytes = 2 ** 30;

/** Whether what every search reads fits into memory, all graphs and both covering indexes, and is found there quickly. */
export function checkMemory(facts: MemoryFacts): Finding[] {
  const { sharedBuffersBytes, effectiveCacheBytes, lacksHugePages, indexes } = facts;
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
  if (lacksHugePages && all > manyBytes) {
    const found = `searches go over ${formatBytes(all)} of indexes (${parts}) in memory pages of 4 kB`;
    const fix =
      'Set vm.nr_hugepages of the machine to what "show shared_memory_size_in_huge_pages" says, and restart the server: it takes them by itself.';
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
