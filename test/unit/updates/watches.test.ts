import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Refusal } from '../../../src/errors.ts';
import { parseTenantId } from '../../../src/ids.ts';
import { createWatches, type Question } from '../../../src/updates/watches.ts';

const tenantId = parseTenantId('alpha');
const never = new AbortController().signal;

function open(everyMs = 20) {
  const listeners = { open: 0, opened: 0 };
  const failures: unknown[] = [];
  const watches = createWatches({
    perTenant: 10,
    perProcess: 10,
    everyMs,
    checkEveryMs: 10,
    follow: () => {
      listeners.open++;
      listeners.opened++;
      return {
        close: async () => {
          listeners.open--;
        },
      };
    },
    onFailure: (error) => failures.push(error),
  });
  return { watches, listeners, failures };
}

/** A question about a number, whose news are the numbers that differ from the one before. */
function question(ask: () => Promise<number>, more: Partial<Question<number, number>> = {}): Question<number, number> {
  let before: number | undefined;
  return {
    tenantId,
    key: 'a number',
    ask,
    tell: (answer) => {
      const isNews = before !== undefined && answer !== before;
      before = answer;
      return isNews ? answer : undefined;
    },
    checkCaller: async () => {},
    ...more,
  };
}

describe('the questions of subscriptions', () => {
  test('are asked once for all that are alike, and once for all that changes meanwhile', async () => {
    const { watches } = open();
    let asked = 0;
    const ask = async () => ++asked;
    const streams = await Promise.all([1, 2, 3].map(() => watches.open(question(ask), never)));
    expect(asked).toBe(3);
    const news = streams.map((stream) => stream.next());
    for (let change = 0; change < 50; change++) watches.change(tenantId);
    expect((await Promise.all(news)).map(({ value }) => value)).toEqual(
      [4, 4, 4].map((value) => ({ news: value, isLast: false })),
    );
    await watches.close();
    expect(asked).toBeLessThanOrEqual(5);
  });

  test('are not asked for the changes of another tenant', async () => {
    const { watches } = open();
    let asked = 0;
    await watches.open(
      question(async () => ++asked),
      never,
    );
    watches.change(parseTenantId('beta'));
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(asked).toBe(1);
    watches.change();
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(asked).toBe(2);
    await watches.close();
  });

  test('have a listener while there are any, and leave nothing when their subscribers go', async () => {
    const { watches, listeners } = open();
    const leaving = new AbortController();
    const one = await watches.open(
      question(async () => 1),
      leaving.signal,
    );
    const other = await watches.open(
      question(async () => 1),
      never,
    );
    expect([listeners.open, watches.count()]).toEqual([1, 2]);
    const waiting = one.next();
    leaving.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await other.return?.();
    expect([listeners.open, listeners.opened, watches.count()]).toEqual([0, 1, 0]);
  });

  test('give their seat back when the first answer is a refusal', async () => {
    const { watches, listeners } = open();
    const refusal = new Refusal('BAD_USER_INPUT', 'No.');
    await expect(
      watches.open(
        question(() => Promise.reject(refusal)),
        never,
      ),
    ).rejects.toBe(refusal);
    expect([listeners.open, watches.count()]).toEqual([0, 0]);
  });

  test('end with the access of whoever asked, and not with a failure to find that out', async () => {
    const { watches } = open();
    const unavailable = new Refusal('DATABASE_UNAVAILABLE', 'Not now.');
    const revoked = new Refusal('TOKEN_REVOKED', 'No more.');
    let checks = 0;
    const checkCaller = () => Promise.reject(++checks < 3 ? unavailable : revoked);
    const stream = await watches.open(
      question(async () => 1, { checkCaller }),
      never,
    );
    expect((await stream.next()).value).toEqual({ fault: revoked });
    expect(checks).toBe(3);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('tell nothing to whoever may not ask any more', async () => {
    const { watches } = open();
    const revoked = new Refusal('TOKEN_REVOKED', 'No more.');
    let value = 1;
    let isRevoked = false;
    const checkCaller = async () => {
      if (isRevoked) throw revoked;
    };
    const stream = await watches.open(
      question(async () => value, { checkCaller }),
      never,
    );
    [value, isRevoked] = [2, true];
    watches.change(tenantId);
    expect((await stream.next()).value).toEqual({ fault: revoked });
  });

  test('are asked again after a failure of the database, and end with any other', async () => {
    const { watches, failures } = open();
    const answers: (number | Error)[] = [1, new Refusal('DATABASE_UNAVAILABLE', 'Not now.'), 2, new Error('broken')];
    const ask = async () => {
      const answer = answers.shift();
      if (typeof answer !== 'number') throw answer;
      return answer;
    };
    const stream = await watches.open(question(ask), never);
    watches.change(tenantId);
    expect((await stream.next()).value).toEqual({ news: 2, isLast: false });
    expect(failures).toHaveLength(1);
    watches.change(tenantId);
    expect((await stream.next()).value).toEqual({ fault: expect.objectContaining({ message: 'broken' }) });
    expect(watches.count()).toBe(0);
  });
});
