import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiKey } from '../../src/access/api-keys.ts';
import { readInFlight } from '../../src/db/database.ts';
import { gateScope, meterScope, operatorScope, tenantScope, workerScope, writerScope } from '../../src/db/scope.ts';
import { newApiKeyId, parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { type Limits, RateLimited } from '../../src/quota.ts';
import { openLimitsBook } from '../../src/quotas/limits-book.ts';
import { openQuotas, type Quotas } from '../../src/quotas/open-quotas.ts';
import { limitsSinceStatement } from '../../src/quotas/quota-statements.ts';
import { setTenantLimits } from '../../src/quotas/tenant-limits.ts';
import { createTenant } from '../../src/tenants/change-tenant.ts';
import { deleteTenant } from '../../src/tenants/delete-tenant.ts';
import { eraseTenants } from '../../src/worker/erase-tenants.ts';
import { purgeOldRows } from '../../src/worker/purge-old-rows.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';

/** Windows that do not end while the tests run: the one that is now began in 1970. */
const endless = { requestsPerMinute: 2e9, costPointsPerMinute: 2e9, embeddingTokensPerDay: 2e9 };
const log = createLogger({ level: 'silent' });
const operator = principalOf('operators', { scopes: ['operator'] });

let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

/** Gateways on one database, as far as limits are concerned, and how often each asked the database since it was opened. */
async function openGateways(defaults: Limits, count: number, windowSeconds: Quotas['windowSeconds'] = endless) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { serveFrom, take } = countFlights();
      const database = await serveFrom(db.database);
      const quotas = await openQuotas({ database, defaults, log, windowSeconds });
      take();
      return { quotas, statements: take };
    }),
  );
}

type Gateways = Awaited<ReturnType<typeof openGateways>>;

/** Sends requests to the gateways in turn, many at once. */
async function send(gateways: Gateways, tenant: string, count: number, costPointsPerMinute = 0) {
  const principal = principalOf(tenant);
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, async (_, index) => {
      const { quotas } = gateways[index % gateways.length]!;
      return quotas.spend(principal, { requestsPerMinute: 1, costPointsPerMinute });
    }),
  );
  const refusals = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as RateLimited] : [],
  );
  for (const refusal of refusals) expect(refusal).toBeInstanceOf(RateLimited);
  return { accepted: count - refusals.length, refusals };
}

describe('a limit that several gateways share', () => {
  test('is used up to its end and never passed, whoever asks how fast', async () => {
    const gateways = await openGateways({ requestsPerMinute: 1_000 }, 2);
    const { accepted, refusals } = await send(gateways, 'shared', 3_000);
    expect(accepted).toBe(1_000);
    expect(refusals[0]?.quota).toMatchObject({ kind: 'requestsPerMinute', limit: 1_000, remaining: 0 });
    expect((await send(gateways, 'shared', 100)).accepted).toBe(0);
  });

  test('costs at most 22 statements a window and gateway, and refused requests cost none', async () => {
    const gateways = await openGateways({ requestsPerMinute: 1_000 }, 2);
    await send(gateways, 'cheap', 1_000);
    await send(gateways, 'cheap', 1_000);
    const used = gateways.map(({ statements }) => statements());
    expect(used[0]! + used[1]!).toBeLessThanOrEqual(22);
    await send(gateways, 'cheap', 1_000);
    expect(gateways.map(({ statements }) => statements())).toEqual([0, 0]);
  });

  test('counts what one gateway holds in advance: another is refused it, and nobody is given it twice', async () => {
    const gateways = await openGateways({ requestsPerMinute: 100 }, 3);
    for (const gateway of gateways) expect((await send([gateway], 'held', 1)).accepted).toBe(1);
    const [first, ...others] = gateways;
    // Slices of five: the others hold four each that they have no use for.
    expect((await send([first!], 'held', 200)).accepted).toBe(100 - 1 - 2 * 5);
    expect((await send(others, 'held', 200)).accepted).toBe(2 * 4);
  });

  test('of fewer requests than slices is spent one by one', async () => {
    const gateways = await openGateways({ requestsPerMinute: 3 }, 2);
    expect((await send(gateways, 'few', 20)).accepted).toBe(3);
  });

  test('of nothing refuses everything', async () => {
    const gateways = await openGateways({ requestsPerMinute: 0 }, 1);
    const { accepted, refusals } = await send(gateways, 'none', 2);
    expect(accepted).toBe(0);
    expect(refusals[0]?.message).toMatch(
      /may use 0 requests a minute, has 0 left, and the request needs 1\. It never fits/,
    );
    expect(gateways[0]!.statements()).toBe(0);
  });

  test('is each tenant’s own', async () => {
    const gateways = await openGateways({ requestsPerMinute: 10 }, 1);
    expect((await send(gateways, 'one', 20)).accepted).toBe(10);
    expect((await send(gateways, 'two', 20)).accepted).toBe(10);
  });

  test('begins again with the next window', async () => {
    const short = { ...endless, requestsPerMinute: 1 };
    const gateways = await openGateways({ requestsPerMinute: 5 }, 2, short);
    const startedAtMs = Date.now();
    let accepted = 0;
    let refused = 0;
    // Until the second window after this has been spent: as often as the event loop turns.
    while (Date.now() < startedAtMs + 2_500) {
      const round = await send(gateways, 'again', 2);
      accepted += round.accepted;
      refused += round.refusals.length;
      for (const { retryAfterSeconds } of round.refusals) expect(retryAfterSeconds).toBe(1);
      await new Promise(setImmediate);
    }
    const windows = Math.floor(Date.now() / 1_000) - Math.floor(startedAtMs / 1_000) + 1;
    expect(accepted).toBeGreaterThan(5);
    expect(accepted).toBeLessThanOrEqual(5 * windows);
    expect(refused).toBeGreaterThan(0);
  });

  test('of points takes the price of each request, and gives back what another limit has no room for', async () => {
    const gateways = await openGateways({ requestsPerMinute: 100, costPointsPerMinute: 1_000 }, 2);
    const priced = (await send(gateways, 'priced', 200, 30)).accepted;
    // Each of the two may hold a rest that is too small for a request.
    expect([32, 33]).toContain(priced);
    // Requests that failed for their price were not counted.
    const { accepted } = await send(gateways, 'priced', 200, 0);
    expect(priced + accepted).toBe(100);
    const { refusals } = await send(gateways, 'costly', 1, 1_001);
    expect(refusals[0]?.message).toMatch(
      /may use 1000 cost points a minute, has \d+ left, and the request needs 1001\. It never/,
    );
  });
});

describe('a tenant without limits', () => {
  test('costs neither a statement nor a wait', async () => {
    const [gateway] = await openGateways({}, 1);
    const { quotas, statements } = gateway!;
    expect(quotas.spend(principalOf('free'), { requestsPerMinute: 1, costPointsPerMinute: 10 })).toBeUndefined();
    expect(statements()).toBe(0);
    // The positive control.
    quotas.limits.apply({ ...noLimits, tenantId: operator.tenantId, requestsPerMinute: 1 });
    expect(quotas.spend(operator, { requestsPerMinute: 1 })).toBeInstanceOf(Promise);
  });
});

const noLimits = {
  keyId: null,
  requestsPerMinute: null,
  costPointsPerMinute: null,
  embeddingTokensPerDay: null,
  documents: null,
  chunks: null,
};

describe('limits that the operator sets', () => {
  const depsOf = (quotas: Quotas) => ({ database: db.database, limits: quotas.limits });

  test('take the place of the configured ones, one by one, here at once and in gateways that open later', async () => {
    const [first] = await openGateways({ requestsPerMinute: 5, documents: 7 }, 1);
    const set = await setTenantLimits(depsOf(first!.quotas), operator, 'set', undefined, { requestsPerMinute: 8 });
    expect(set).toMatchObject({ limits: { requestsPerMinute: 8, documents: 7 }, overrides: ['requestsPerMinute'] });
    expect((await send([first!], 'set', 20)).accepted).toBe(8);
    const [later] = await openGateways({ requestsPerMinute: 5, documents: 7 }, 1);
    expect(later!.quotas.limits.of(principalOf('set')).tenant).toEqual({ requestsPerMinute: 8, documents: 7 });
    const back = await setTenantLimits(depsOf(first!.quotas), operator, 'set', undefined, { requestsPerMinute: null });
    expect(back).toMatchObject({ limits: { requestsPerMinute: 5, documents: 7 }, overrides: [] });
  });

  test('are heard of by gateways that are open', async () => {
    let nowMs = 0;
    const read = async (seconds: number | undefined) =>
      (await readInFlight(db.database, gateScope, [limitsSinceStatement(seconds)]))[0];
    const book = await openLimitsBook(read, {}, log, () => nowMs);
    const [other] = await openGateways({}, 1);
    await setTenantLimits(depsOf(other!.quotas), operator, 'heard', undefined, { chunks: 9 });
    expect(book.freshen()).toBeUndefined();
    expect(book.of(principalOf('heard')).tenant).toBeUndefined();
    // After 5 seconds it reads in the background; after 30 without a request, one waits for it.
    nowMs = 30_000;
    await book.freshen();
    expect(book.of(principalOf('heard')).tenant).toEqual({ chunks: 9 });
    expect(book.freshen()).toBeUndefined();
  });

  test('are forgotten by gateways that are open when the tenant is erased, and those of its successor are not', async () => {
    let nowMs = 0;
    const read = async (seconds: number | undefined) =>
      (await readInFlight(db.database, gateScope, [limitsSinceStatement(seconds)]))[0];
    const book = await openLimitsBook(read, { documents: 7 }, log, () => nowMs);
    const freshen = () => {
      nowMs += 30_000;
      return book.freshen();
    };
    const [other] = await openGateways({}, 1);
    const gone = parseTenantId('gone');
    const limit = (chunks: number) => setTenantLimits(depsOf(other!.quotas), operator, gone, undefined, { chunks });
    await limit(9);
    await freshen();
    expect(book.of(principalOf('gone')).tenant).toEqual({ documents: 7, chunks: 9 });
    await deleteTenant(db, operator, gone);
    await eraseTenants(db.worker);
    await freshen();
    expect(book.of(principalOf('gone')).tenant).toEqual({ documents: 7 });
    await createTenant(db, operator, gone, 'anew');
    await limit(11);
    await freshen();
    expect(book.of(principalOf('gone')).tenant).toEqual({ documents: 7, chunks: 11 });
  });

  test('hold an API key to its own and to the tenant’s', async () => {
    const admin = principalOf('keyed', { scopes: ['search', 'tenant:admin'] });
    const { apiKey } = await createApiKey({ database: db.database }, admin, { name: 'robot', scopes: ['search'] });
    const [gateway] = await openGateways({ requestsPerMinute: 20 }, 1);
    const { quotas } = gateway!;
    await setTenantLimits(depsOf(quotas), operator, 'keyed', apiKey.id, { requestsPerMinute: 5 });
    const robot = principalOf('keyed', { keyId: apiKey.id });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => quotas.spend(robot, { requestsPerMinute: 1 })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(5);
    const refusal = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refusal.reason).toMatchObject({ quota: { holder: 'apiKey', limit: 5 } });
    // What the key was refused is the tenant's still.
    expect((await send([gateway!], 'keyed', 40)).accepted).toBe(15);
  });

  test.each([
    ['a negative one', undefined, { documents: -1 }, /"documents" is -1; a whole number from 0 to 2147483647/],
    ['a fraction', undefined, { documents: 1.5 }, /"documents" is 1\.5/],
    ['storage of a key', newApiKeyId(), { documents: 1 }, /"documents" cannot be limited for an API key/],
    ['a key that the tenant does not have', newApiKeyId(), { requestsPerMinute: 1 }, /no API key with the id/],
  ])('are refused: %s', async (_, keyId, change, says) => {
    const [gateway] = await openGateways({}, 1);
    const setting = setTenantLimits(depsOf(gateway!.quotas), operator, 'faulty', keyId, change);
    await expect(setting).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(says) });
  });

  test('are refused by PostgreSQL, too, to a principal without the scope', async () => {
    const [gateway] = await openGateways({}, 1);
    const modest = principalOf('modest', { scopes: ['search', 'documents:write', 'tenant:admin'] });
    const setting = setTenantLimits(depsOf(gateway!.quotas), modest, 'modest', undefined, { documents: 1 });
    await expect(setting).rejects.toMatchObject({ code: '42501' });
  });
});

describe('the counts of what is taken', () => {
  const take = `select granted from tessera.take_quota('00000000-0000-0000-0000-000000000000', 'requestsPerMinute', 1, 5, 10, 60)`;

  test('are the scope’s tenant’s, and nobody’s without one', async () => {
    expect(await tryInScope(db.database, meterScope(principalOf('counted').tenantId), take)).toMatchObject({
      rows: [{ granted: 5 }],
    });
    expect(await tryInScope(db.database, gateScope, take)).toEqual({ code: '42501' });
  });

  test('are taken by gateways and by writes, and looked at by nobody', async () => {
    const who = principalOf('counted');
    expect(await tryInScope(db.database, writerScope(who), take)).toMatchObject({ rows: [{ granted: 5 }] });
    for (const scope of [tenantScope(who), operatorScope]) {
      expect(await tryInScope(db.database, scope, take)).toEqual({ code: '42501' });
    }
    for (const scope of [tenantScope(who), writerScope(who), meterScope(who.tenantId), operatorScope]) {
      expect(await tryInScope(db.database, scope, 'select taken from quota_windows')).toEqual({ code: '42501' });
    }
    const since = `select tenant_id from tessera.quota_limits_since('-infinity')`;
    expect(await tryInScope(db.database, gateScope, since)).toMatchObject({ count: expect.any(Number) });
    expect(await tryInScope(db.database, writerScope(who), since)).toEqual({ code: '42501' });
  });

  test('are cleared away when nobody has asked for them in two days', async () => {
    await db.owner.query(
      `insert into quota_windows (tenant_id, key_id, kind, started_at)
       values ('gone', gen_random_uuid(), 'requestsPerMinute', now() - interval '3 days'),
              ('stays', gen_random_uuid(), 'requestsPerMinute', now() - interval '1 day')`,
    );
    await purgeOldRows({ database: db.worker });
    const { rows } = await db.owner.query(`select tenant_id from quota_windows where tenant_id in ('gone', 'stays')`);
    expect(rows).toEqual([{ tenant_id: 'stays' }]);
    expect(await tryInScope(db.worker, workerScope(), 'delete from quota_windows')).toMatchObject({ count: 0 });
  });
});
