import { describe, expect, test, vi } from 'vitest';
import type { Principal } from '../../../src/auth/principal.ts';
import type { Tuning } from '../../../src/recall/read-tuning.ts';
import { createTuningCache } from '../../../src/recall/tuning-cache.ts';
import { principalOf } from '../../support/principal.ts';

const acme = principalOf('acme');

function open(options: { ttlMs?: number; maxEntries?: number } = {}) {
  const clock = { nowMs: 0 };
  let reads = 0;
  const load = vi.fn(async (_: Principal): Promise<Tuning> => {
    reads++;
    return {
      ...{ modelId: 1, tier: 'exact', chunks: reads, curve: undefined },
      ...{ outdated: false, wordIndexes: [], hasAccessLists: false, mayPlanOnce: false },
    };
  });
  const cache = createTuningCache(load, { ttlMs: 1_000, maxEntries: 2, nowMs: () => clock.nowMs, ...options });
  return { cache, load, clock };
}

describe('what is known about a tenant', () => {
  test('is read once for searches that come at once', async () => {
    const { cache, load } = open();
    const answers = await Promise.all([cache.read(acme), cache.read(acme), cache.read(acme)]);
    expect(load).toHaveBeenCalledTimes(1);
    expect(answers.map(({ chunks }) => chunks)).toEqual([1, 1, 1]);
  });

  test('is kept for its time, and per tenant', async () => {
    const { cache, load, clock } = open();
    await cache.read(acme);
    clock.nowMs = 999;
    expect(await cache.read(acme)).toMatchObject({ chunks: 1 });
    expect(await cache.read(principalOf('other'))).toMatchObject({ chunks: 2 });
    expect(load).toHaveBeenCalledTimes(2);
  });

  test('is used once more past its time, while it is read anew by one search', async () => {
    const { cache, load, clock } = open();
    await cache.read(acme);
    clock.nowMs = 1_000;
    expect(await cache.read(acme)).toMatchObject({ chunks: 1 });
    await cache.read(acme);
    expect(load).toHaveBeenCalledTimes(2);
    await vi.waitFor(async () => expect(await cache.read(acme)).toMatchObject({ chunks: 2 }));
    expect(load).toHaveBeenCalledTimes(2);
  });

  test('is waited for after a long while', async () => {
    const { cache, clock } = open();
    await cache.read(acme);
    clock.nowMs = 10_000;
    expect(await cache.read(acme)).toMatchObject({ chunks: 2 });
  });

  test('is read again after a reading that failed', async () => {
    const { cache, load } = open();
    load.mockRejectedValueOnce(new Error('unreachable'));
    await expect(Promise.all([cache.read(acme), cache.read(acme)])).rejects.toThrow('unreachable');
    expect(await cache.read(acme)).toMatchObject({ chunks: 1 });
  });

  test('outlives a reading that fails while the old value is used', async () => {
    const { cache, load, clock } = open();
    await cache.read(acme);
    clock.nowMs = 1_000;
    load.mockRejectedValueOnce(new Error('unreachable'));
    expect(await cache.read(acme)).toMatchObject({ chunks: 1 });
    await vi.waitFor(async () => {
      expect(await cache.read(acme)).toMatchObject({ chunks: 2 });
    });
  });

  test('is forgotten for the tenant that was used least recently, when there are too many', async () => {
    const { cache, load } = open();
    for (const tenant of ['a', 'b', 'a', 'c', 'a']) await cache.read(principalOf(tenant));
    expect(load).toHaveBeenCalledTimes(3);
    await cache.read(principalOf('b'));
    expect(load).toHaveBeenCalledTimes(4);
  });
});
