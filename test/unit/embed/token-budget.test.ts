import { beforeEach, describe, expect, test } from 'vitest';
import { limitTokens } from '../../../src/embed/limit-tokens.ts';
import { loadStaticEmbedder } from '../../../src/embed/static-embedder.ts';
import { createTokenBudget, type TokenBudget } from '../../../src/embed/token-budget.ts';

let now: number;
let budget: TokenBudget;
beforeEach(() => {
  now = 0;
  budget = createTokenBudget({ tokensPerMinute: 600, nowMs: () => now });
});

describe('a tenant’s budget', () => {
  test('is a minute of tokens, and fills all the time', () => {
    expect(budget.take('alpha', 600)).toBe(0);
    expect(budget.take('alpha', 10)).toBe(1_000);
    now = 999;
    expect(budget.take('alpha', 10)).toBe(1);
    now = 1_000;
    expect(budget.take('alpha', 10)).toBe(0);
    now = 1_000_000;
    expect(budget.take('alpha', 600)).toBe(0);
    expect(budget.take('alpha', 1)).toBeGreaterThan(0);
  });

  test('is its own', () => {
    expect(budget.take('alpha', 600)).toBe(0);
    expect(budget.take('alpha', 1)).toBeGreaterThan(0);
    expect(budget.take('beta', 600)).toBe(0);
  });

  test('lets a call pass that is larger than itself, and is in debt for it', () => {
    expect(budget.take('alpha', 1_800)).toBe(0);
    now = 120_000;
    expect(budget.take('alpha', 1)).toBeGreaterThan(0);
    now = 121_000;
    expect(budget.take('alpha', 1)).toBe(0);
  });
});

describe('limitTokens', () => {
  test('refuses a call whose tenant has nothing left, and no other', async () => {
    const embedder = limitTokens(loadStaticEmbedder(), createTokenBudget({ tokensPerMinute: 3 }));
    const options = { purpose: 'query', tenantId: 'alpha' } as const;
    expect(await embedder.embed(['hot water boiler'], options)).toHaveLength(1);
    await expect(embedder.embed(['hot water'], options)).rejects.toMatchObject({
      code: 'EMBEDDER_UNAVAILABLE',
      fault: 'passing',
      retryAfterMs: expect.any(Number),
      message: expect.stringMatching(/^This tenant's budget of embedding tokens is used up: \d+ more .* in \d+ s\.$/),
    });
    expect(await embedder.embed(['hot water'], { ...options, tenantId: 'beta' })).toHaveLength(1);
    expect(await embedder.embed(['hot water'], { purpose: 'query' })).toHaveLength(1);
  });
});
