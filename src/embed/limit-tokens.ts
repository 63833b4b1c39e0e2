import type { Embedder } from './embedder.ts';
import { EmbedderError } from './embedder-error.ts';
import type { TokenBudget } from './token-budget.ts';

/**
 * Puts tenants' budgets in front of an embedder: a call whose `tenantId` has not enough left is refused as a passing
 * failure, before anything is sent. Calls without a tenant are not counted. In front of a cache, remembered queries count too.
 */
export function limitTokens(embedder: Embedder, budget: TokenBudget): Embedder {
  return {
    ...embedder,
    async embed(texts, options) {
      if (options.tenantId !== undefined) {
        const tokens = texts.reduce((sum, text) => sum + embedder.countTokens(text), 0);
        const waitMs = budget.take(options.tenantId, tokens);
        if (waitMs > 0) throw spent(tokens, waitMs);
      }
      return embedder.embed(texts, options);
    },
  };
}

function spent(tokens: number, retryAfterMs: number): EmbedderError {
  const message = `This tenant's budget of embedding tokens is used up: ${tokens} more are available in ${Math.ceil(retryAfterMs / 1_000)} s.`;
  return new EmbedderError('EMBEDDER_UNAVAILABLE', message, { retryAfterMs, unsent: 'budget' });
}
