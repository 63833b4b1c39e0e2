/** How many tokens each tenant may have embedded. */
export interface TokenBudget {
  /**
   * Takes tokens from a tenant's budget.
   * @returns 0 when they were taken, otherwise the milliseconds until they can be.
   */
  take(tenantId: string, tokens: number): number;
}

export interface TokenBudgetOptions {
  readonly tokensPerMinute: number;
  /** A monotonic clock. */
  readonly nowMs?: () => number;
}

/** Tenants whose state is kept; one that is forgotten begins with a full budget. */
const rememberedTenants = 10_000;

/**
 * A token bucket for each tenant of this process: it holds a minute's tokens and fills all the time. A call larger than that
 * waits for a full bucket and leaves a debt, so that it is late but not impossible.
 *
 * Another thing than the tokens a day of `src/quotas`, with which it shares the word only. This one evens out what a provider is
 * sent, whoever sends it, the worker above all: it says when to come back, and whoever is put off does. It is a rate, so it needs no
 * window, no database and no agreement between processes. That one is what a tenant may use up: it refuses, in the transaction of the
 * write that would use more.
 */
export function createTokenBudget({
  tokensPerMinute,
  nowMs = () => performance.now(),
}: TokenBudgetOptions): TokenBudget {
  const perMs = tokensPerMinute / 60_000;
  // In order of last use: a Map keeps the order of insertion.
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(tenantId, tokens) {
      const now = nowMs();
      const known = buckets.get(tenantId) ?? { tokens: tokensPerMinute, atMs: now };
      const held = Math.min(tokensPerMinute, known.tokens + (now - known.atMs) * perMs);
      const needed = Math.min(tokens, tokensPerMinute);
      const taken = held >= needed;
      buckets.delete(tenantId);
      buckets.set(tenantId, { tokens: taken ? held - tokens : held, atMs: now });
      for (const oldest of buckets.keys()) {
        if (buckets.size <= rememberedTenants) break;
        buckets.delete(oldest);
      }
      return taken ? 0 : Math.ceil((needed - held) / perMs);
    },
  };
}
