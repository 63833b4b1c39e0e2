import type { Config, EmbedderConfig } from '../config/config.ts';
import { cacheQueries } from '../embed/cached-query-embedder.ts';
import type { Embedder } from '../embed/embedder.ts';
import { limitTokens } from '../embed/limit-tokens.ts';
import { openEmbedder } from '../embed/open-embedder.ts';
import { createTokenBudget } from '../embed/token-budget.ts';
import { watchCalls } from '../embed/watch-calls.ts';
import { StartupError } from '../errors.ts';
import type { ServerChunking } from '../ingest/chunk-document.ts';
import type { Logger } from '../log.ts';
import type { EmbeddingMetrics } from '../telemetry/embedding-metrics.ts';

interface EmbedderPair {
  /** Remembers the vectors of queries. */
  readonly queries: Embedder;
  readonly documents: Embedder;
}

/** One embedder for both halves of a process, which share its circuit breaker and tenants' budgets. */
interface Embedders extends EmbedderPair {
  /** Of the second model, where one is configured. */
  readonly next: EmbedderPair | undefined;
  /** Writes to the log what was sent to the provider. */
  close(): Promise<void>;
}

/** Questions whose vectors are remembered; at 512 components some 2 MB a thousand. */
const rememberedQueries = 2_000;

/**
 * Opens the embedder that the configuration names. Each request to a provider is a line of the log at level debug, the
 * sums are one at level info when the process ends, and a provider that is down is a warning.
 * @throws {StartupError} when it cannot be used as configured, or chunks would be larger than it reads.
 */
export async function openEmbedders(
  config: Pick<Config, 'embedder' | 'nextEmbedder' | 'tenantTokensPerMinute' | 'chunk'>,
  log: Logger,
  metrics?: EmbeddingMetrics,
): Promise<Embedders> {
  const { tenantTokensPerMinute: tokensPerMinute } = config;
  const budget = tokensPerMinute === undefined ? undefined : createTokenBudget({ tokensPerMinute });
  const limit = (one: Embedder) => (budget ? limitTokens(one, budget) : one);
  const toPair = (embedder: Embedder): EmbedderPair => ({
    queries: limit(cacheQueries(embedder, { maxEntries: rememberedQueries, onLookUp: metrics?.onLookUp })),
    documents: limit(embedder),
  });
  const embedder = await openOne(config.embedder, config.chunk, log, metrics);
  const next = config.nextEmbedder && (await openOne(config.nextEmbedder, config.chunk, log, metrics));
  return {
    ...toPair(embedder),
    next: next && toPair(next),
    close: async () => {
      logUsage(embedder, log);
      if (next) logUsage(next, log);
    },
  };
}

async function openOne(
  config: EmbedderConfig,
  chunk: Config['chunk'],
  log: Logger,
  metrics: EmbeddingMetrics | undefined,
): Promise<Embedder> {
  const { kind: provider } = config;
  let counted: ReturnType<EmbeddingMetrics['watch']> | undefined;
  // Nothing is asked before it is open, and only then its model has a name.
  const opened = await openEmbedder(config, {
    onRequest: (outcome) => {
      log.debug({ ...named, ...outcome }, 'asked the embedding provider');
      counted?.onRequest(outcome);
    },
    onCircuit: (openMs) => {
      if (openMs > 0) log.warn({ ...named, openMs }, 'the embedding provider is down and left alone');
      else log.info(named, 'the embedding provider is back');
      counted?.onCircuit(openMs);
    },
  });
  const { maxTokens, model } = opened;
  const named = { provider, model: model.name };
  counted = metrics?.watch(named);
  const isOwn = provider === 'static' || provider === 'local';
  const embedder = isOwn && counted ? watchCalls(opened, counted.onRequest) : opened;
  if (chunk.maxTokens > maxTokens) {
    throw new StartupError(
      `CHUNK_TOKENS is ${chunk.maxTokens}, and ${model.name} reads at most ${maxTokens} tokens. Set CHUNK_TOKENS to less, with room for titles, or EMBEDDING_MAX_TOKENS if the model reads more.`,
      { exitCode: 78 },
    );
  }
  return embedder;
}

/** One line with what the embedder's provider was sent since the process started; none where it was sent nothing. */
export function logUsage({ model, usage }: Embedder, log: Logger): void {
  const sent = usage?.();
  if (!sent || sent.query.requests + sent.document.requests === 0) return;
  log.info({ model: model.name, queries: sent.query, documents: sent.document }, 'embedding usage');
}

/** How documents are divided by a process with these models: tokens are the first one's, and every model reads the chunks whole. */
export function chunkingFor(embedder: Embedder, next: Embedder | undefined, chunk: Config['chunk']): ServerChunking {
  const modelTokens = Math.min(embedder.maxTokens, next?.maxTokens ?? Number.POSITIVE_INFINITY);
  return { countTokens: embedder.countTokens, ...chunk, modelTokens };
}
