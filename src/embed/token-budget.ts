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
