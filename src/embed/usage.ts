import type { EmbedPurpose } from './embedder.ts';
import type { EmbedderErrorCode } from './embedder-error.ts';

/** What was sent to a provider for one purpose. Every attempt counts: providers bill the ones that they answer. */
export interface PurposeUsage {
  readonly requests: number;
  readonly texts: number;
  /** As the provider counted them, or estimated where it does not say. Of answered requests only. */
  readonly tokens: number;
  readonly failures: number;
}

/** Counted since the process started. */
export type EmbedderUsage = Readonly<Record<EmbedPurpose, PurposeUsage>>;

/** One request, as it ended. */
export interface RequestOutcome {
  readonly purpose: EmbedPurpose;
  readonly texts: number;
  /** 0 where there was no answer; of one that was of no use, estimated. */
  readonly tokens: number;
  readonly durationMs: number;
  /** Why it gave no vectors; absent where it gave them. */
  readonly failure?: string | undefined;
  /** The failure's code; `ABORTED` where the caller went away. */
  readonly code?: EmbedderErrorCode | 'ABORTED' | undefined;
  /** Whether it repeats one that failed. */
  readonly isRetry?: boolean;
}

export interface UsageCounter {
  count(outcome: RequestOutcome): void;
  read(): EmbedderUsage;
}

/** Counts requests by purpose. */
export function createUsageCounter(): UsageCounter {
  const none: PurposeUsage = { requests: 0, texts: 0, tokens: 0, failures: 0 };
  const counted: Record<EmbedPurpose, PurposeUsage> = { query: none, document: none };
  return {
    count({ purpose, texts, tokens, failure }) {
      const before = counted[purpose];
      counted[purpose] = {
        requests: before.requests + 1,
        texts: before.texts + texts,
        tokens: before.tokens + tokens,
        failures: before.failures + (failure === undefined ? 0 : 1),
      };
    },
    read: () => ({ ...counted }),
  };
}
