import { Counter, Histogram, type Registry } from 'prom-client';
import { waitBuckets } from './durations.ts';

/** One search, as far as it is counted. Every text is one of few. */
export interface CountedSearch {
  readonly tier: string;
  readonly strategy: string;
  readonly profile: string;
  readonly underfilled: string | undefined;
  readonly durationMs: number;
}

/** Counts searches. @returns what is called after each. */
export function createSearchMetrics(registry: Registry): (search: CountedSearch) => void {
  const registers = [registry];
  const duration = new Histogram({
    name: 'tessera_search_duration_seconds',
    help: 'Time of a search with the embedding of its text, by the tier of the tenant, how stage one went, and what recall was asked for.',
    labelNames: ['tier', 'strategy', 'profile'] as const,
    buckets: [...waitBuckets],
    registers,
  });
  const underfilled = new Counter({
    name: 'tessera_searches_underfilled_total',
    help: 'Searches that ended before they had found all that the data allow, by what ended them.',
    labelNames: ['reason'] as const,
    registers,
  });
  return ({ tier, strategy, profile, underfilled: reason, durationMs }) => {
    duration.observe({ tier, strategy, profile }, durationMs / 1_000);
    if (reason !== undefined) underfilled.inc({ reason });
  };
}
