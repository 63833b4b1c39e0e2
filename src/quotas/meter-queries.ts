import type { Principal } from '../auth/principal.ts';
import type { Embedder } from '../embed/embedder.ts';
import type { Quotas } from './open-quotas.ts';

/**
 * An embedder that counts a caller's queries against the tokens of the day. Texts whose vector is remembered count, too: what
 * is remembered, others may have asked for, and whether they did is not the caller's to find out.
 *
 * Embedding throws a `RateLimited` when the day's tokens are gone.
 */
export function meterQueries(embedder: Embedder, { limits, spend }: Quotas, principal: Principal): Embedder {
  const { tenant, key } = limits.of(principal);
  if (tenant?.embeddingTokensPerDay === undefined && key?.embeddingTokensPerDay === undefined) return embedder;
  return {
    ...embedder,
    async embed(texts, options) {
      if (options.purpose === 'query') {
        const tokens = texts.reduce((sum, text) => sum + embedder.countTokens(text), 0);
        await spend(principal, { embeddingTokensPerDay: tokens });
      }
      return embedder.embed(texts, options);
    },
  };
}
