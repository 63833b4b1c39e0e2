import { describe, expect, it } from 'vitest';
import type { TenantId } from '../../../src/ids.ts';
import { type Budget, createMeter } from '../../../src/quotas/meter.ts';

const windowMs = { requestsPerMinute: 60_000, costPointsPerMinute: 60_000, embeddingTokensPerDay: 86_400_000 };
const budget: Budget = { tenantId: 'acme' as TenantId, kind: 'requestsPerMinute', limit: 100 };

/** A meter and the database that it asks, with a clock of their own each. */
function open({ most }: { most?: number } = {}) {
  const clock = { nowMs: 1_000 };
  const database = { nowMs: 1_000, used: 0, window: 0, isDown: false, wishes: [] as number[] };
  const meter = createMeter(
    async ({ limit }, wished) => {
      if (database.isDown) throw new Error('down');
      database.wishes.push(wished);
      const window = Math.floor(database.nowMs / 60_000);
      if (window !== database.window) Object.assign(database, { window, used: 0 });
      const granted = Math.min(wished, limit - database.used);
      database.used += granted;
      return { granted, used: database.used, endsInMs: 60_000 - (database.nowMs % 60_000) };
    },
    windowMs,
    () => clock.nowMs,
    most,
  );
  /** Lets time pass for both. */
  const pass = (ms: number) => {
    clock.nowMs += ms;
    database.nowMs += ms;
  };
  return { meter, clock, database, pass };
}

describe('a meter', () => {
  it('asks for a twentieth of the limit, or for what a request needs where that is more', async () => {
    const { meter, database } = open();
    expect(await meter.spend(budget, 1)).toEqual({ isGranted: true, remaining: 99, resetsInMs: 59_000 });
    for (let i = 0; i < 4; i++) await meter.spend(budget, 1);
    expect(database.wishes).toEqual([5]);
    await meter.spend(budget, 30);
    expect(database.wishes).toEqual([5, 30]);
  });

  it('asks once for requests that come together, and again only for those that found nothing left', async () => {
    const { meter, database } = open();
    const spent = await Promise.all(Array.from({ length: 120 }, () => meter.spend(budget, 1)));
    expect(spent.filter(({ isGranted }) => isGranted).length).toBe(100);
    // Twenty slices, and the one that was not given.
    expect(database.wishes.length).toBe(21);
    await meter.spend(budget, 1);
    expect(database.wishes.length).toBe(21);
  });

  it('forgets what it holds with the end of the window, by the moment at which it asked', async () => {
    const { meter, database, pass } = open();
    await meter.spend(budget, 1);
    pass(58_999);
    await meter.spend(budget, 1);
    expect(database.wishes.length).toBe(1);
    pass(1);
    expect(await meter.spend(budget, 1)).toEqual({ isGranted: true, remaining: 99, resetsInMs: 60_000 });
    expect(database).toMatchObject({ used: 5, wishes: [5, 5] });
  });

  it('keeps nothing of the old window where the database is in the next one already', async () => {
    const { meter, clock, database } = open();
    await meter.spend(budget, 1);
    // The database's clock is ahead: by this one the old window has a second left.
    database.nowMs = 60_000;
    clock.nowMs = 59_000;
    const { remaining } = await meter.spend(budget, 6);
    // Six of the next window, none of the four that were held of the old one: the wish was for two, and then for the rest.
    expect(database.used - 6).toBeLessThanOrEqual(5);
    expect(remaining).toBe(100 - 6);
  });

  it('lets a request through that is small enough for what is left, after one that was not', async () => {
    const { meter } = open();
    await meter.spend(budget, 95);
    expect(await meter.spend(budget, 6)).toMatchObject({ isGranted: false, remaining: 5 });
    expect(await meter.spend(budget, 5)).toMatchObject({ isGranted: true, remaining: 0 });
  });

  it('takes back what was spent, in the same window', async () => {
    const { meter, pass } = open();
    await meter.spend(budget, 100);
    meter.giveBack(budget, 40);
    expect(await meter.spend(budget, 40)).toMatchObject({ isGranted: true });
    pass(60_000);
    meter.giveBack(budget, 100);
    await meter.spend(budget, 100);
    expect(await meter.spend(budget, 1)).toMatchObject({ isGranted: false });
  });

  it('fails while the database does, and goes on where it was', async () => {
    const { meter, database } = open();
    database.isDown = true;
    await expect(Promise.all([meter.spend(budget, 1), meter.spend(budget, 1)])).rejects.toThrow('down');
    database.isDown = false;
    expect(await meter.spend(budget, 1)).toMatchObject({ isGranted: true, remaining: 99 });
  });

  it('keeps so many purses and no more, and of those the ones that were spent of last', async () => {
    const { meter, database } = open({ most: 1_000 });
    const spend = async (from: number, to: number) => {
      const before = database.wishes.length;
      for (let tenant = from; tenant < to; tenant++)
        await meter.spend({ ...budget, limit: 1_000_000, tenantId: `t${tenant}` as TenantId }, 1);
      return database.wishes.length - before;
    };
    expect(await spend(0, 100_000)).toBe(100_000);
    expect(await spend(99_000, 100_000), 'of the last thousand each has its slice').toBe(0);
    expect(await spend(0, 1), 'of the first nothing is known').toBe(1);
    expect(await spend(99_000, 99_001), 'in whose place the oldest is forgotten').toBe(1);
    expect(await spend(99_002, 100_000)).toBe(0);
  });

  it('forgets purses whose window has ended as others come', async () => {
    const { meter, database, pass } = open({ most: 10 });
    const spend = (name: string) => meter.spend({ ...budget, limit: 1_000_000, tenantId: name as TenantId }, 1);
    for (let tenant = 0; tenant < 8; tenant++) await spend(`old ${tenant}`);
    pass(60_000);
    for (let tenant = 0; tenant < 10; tenant++) await spend(`new ${tenant}`);
    const wishes = database.wishes.length;
    for (let tenant = 0; tenant < 10; tenant++) await spend(`new ${tenant}`);
    expect(database.wishes.length).toBe(wishes);
  });
});
