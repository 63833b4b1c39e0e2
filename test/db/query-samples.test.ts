import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { samplerScope } from '../../src/db/scope.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId, type TenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { sampledQueriesStatement } from '../../src/recall/query-sample-statements.ts';
import { createQuerySampler, type QuerySamplerOptions } from '../../src/recall/query-sampler.ts';
import { createClearing } from '../../src/worker/clearing.ts';
import { purgeQuerySamples } from '../../src/worker/purge-query-samples.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const [alpha, beta] = [parseTenantId('alpha'), parseTenantId('beta')];
const counted = countFlights();
let db: TestDatabase;
let served: Database;

beforeAll(async () => {
  db = await openTestDatabase();
  served = await counted.serveFrom(db.database);
  await db.owner.query(`insert into tenants (id) values ('alpha'), ('beta')`);
});
afterAll(() => db.close());
beforeEach(async () => {
  await db.owner.query('delete from query_samples');
  counted.take();
});

const lines: string[] = [];
const log = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });

/** A sampler whose queries draw these numbers, one after the other. */
function samplerOf(draws: readonly number[], options: Partial<QuerySamplerOptions> = {}) {
  const left = [...draws];
  return createQuerySampler({
    database: served,
    log,
    rate: 1,
    size: 3,
    random: () => left.shift() ?? 0.999,
    ...options,
  });
}

async function kept(tenantId: TenantId) {
  const { rows } = await db.owner.query<{ text: string }>(
    'select text from query_samples where tenant_id = $1 order by draw',
    [tenantId],
  );
  return rows.map(({ text }) => text);
}

const asked = (...texts: string[]) => texts.map((text) => ({ mode: 'HYBRID', text }) as const);

describe('a sample of queries', () => {
  test('has those that drew the smallest numbers, whichever gateways noted them', async () => {
    const [one, other] = [samplerOf([0.5, 0.1, 0.9, 0.3]), samplerOf([0.2, 0.7, 0.05])];
    for (const query of asked('a', 'b', 'c', 'd')) one.note(alpha, query);
    await one.flush();
    expect(await kept(alpha)).toEqual(['b', 'd', 'a']);
    for (const query of asked('e', 'f', 'g')) other.note(alpha, query);
    await other.flush();
    expect(await kept(alpha)).toEqual(['g', 'b', 'e']);
    await Promise.all([one.close(), other.close()]);
  });

  test('gives every query the same chance, early or late', async () => {
    let state = 7;
    const draws = Array.from({ length: 1_500 }, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    });
    const sampler = samplerOf(draws, { size: 40 });
    for (const [index] of draws.entries()) {
      sampler.note(beta, { mode: 'SEMANTIC', text: `${index}` });
      if (index % 200 === 0) await sampler.flush();
    }
    await sampler.close();
    const smallest = draws.map((draw, index) => ({ draw, index })).sort((a, b) => a.draw - b.draw);
    expect(await kept(beta)).toEqual(smallest.slice(0, 40).map(({ index }) => `${index}`));
  });

  test('costs a query nothing: one statement a tenant when it is written, and none for what would not stay', async () => {
    const sampler = samplerOf([0.1, 0.2, 0.3, 0.4, 0.8, 0.7, 0.25]);
    for (const query of asked('a', 'b', 'c')) sampler.note(alpha, query);
    sampler.note(beta, { mode: 'HYBRID', text: 'z' });
    expect([counted.take(), await kept(alpha)]).toEqual([0, []]);
    await sampler.flush();
    expect(counted.take()).toBe(2);
    for (const query of asked('d', 'e')) sampler.note(alpha, query);
    await sampler.flush();
    expect(counted.take()).toBe(0);
    sampler.note(alpha, { mode: 'HYBRID', text: 'f' });
    await sampler.close();
    expect([counted.take(), await kept(alpha), await kept(beta)]).toEqual([1, ['a', 'b', 'f'], ['z']]);
  });

  test('takes others again when it has been an hour, or where the worker has made room', async () => {
    let nowMs = 0;
    const sampler = samplerOf([0.1, 0.2, 0.3, 0.8, 0.9], { now: () => nowMs });
    for (const query of asked('a', 'b', 'c')) sampler.note(alpha, query);
    await sampler.flush();
    await db.owner.query(`delete from query_samples where text = 'a'`);
    sampler.note(alpha, { mode: 'HYBRID', text: 'd' });
    await sampler.flush();
    expect(await kept(alpha)).toEqual(['b', 'c']);
    nowMs += 3_600_000;
    sampler.note(alpha, { mode: 'HYBRID', text: 'e' });
    await sampler.close();
    expect(await kept(alpha)).toEqual(['b', 'c', 'e']);
  });

  test('has no more of the queries than the rate says', async () => {
    const sampler = samplerOf([0.05, 0.1, 0.15, 0.02], { rate: 0.1 });
    for (const query of asked('a', 'b', 'c', 'd')) sampler.note(alpha, query);
    await sampler.close();
    expect(await kept(alpha)).toEqual(['d', 'a']);
  });

  test('has texts of every kind, and is read at random', async () => {
    const texts = [
      `'; drop table tenants; --`,
      '\ud800 half of a pair',
      'x'.repeat(8_000),
      '{"a",NULL}',
      '',
      'ünïcode 🦊',
    ];
    const sampler = samplerOf([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], { size: 10 });
    for (const query of asked(...texts)) sampler.note(alpha, query);
    await sampler.close();
    const [rows] = await readInFlight(db.database, samplerScope(alpha), [sampledQueriesStatement(alpha, 10, 1)]);
    expect(rows.map(({ text }) => text).sort()).toEqual(texts.map((text) => text.toWellFormed()).sort());
    const pick = async (seed: number) => {
      const [some] = await readInFlight(db.database, samplerScope(alpha), [sampledQueriesStatement(alpha, 2, seed)]);
      return some;
    };
    expect(await pick(1)).toEqual(rows.slice(0, 2));
    expect(rows[0]?.kept).toBe(6);
    const orders = new Set((await Promise.all([1, 2, 3, 4].map(pick))).map((some) => JSON.stringify(some)));
    expect(orders.size).toBeGreaterThan(1);
  });

  test('is let go, without a word of it, where the tenant is not known or not active', async () => {
    await db.owner.query(`insert into tenants (id, status) values ('shut', 'suspended')`);
    lines.length = 0;
    const sampler = samplerOf([0.1, 0.2, 0.3]);
    for (const tenant of ['nobody', 'shut', 'alpha'])
      sampler.note(parseTenantId(tenant), { mode: 'HYBRID', text: 'the walrus and the carpenter' });
    await sampler.close();
    const { rows } = await db.owner.query('select tenant_id from query_samples');
    expect(rows).toEqual([{ tenant_id: 'alpha' }]);
    expect(lines).toHaveLength(2);
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['debug', 'debug']);
    expect(lines.join('')).not.toContain('walrus');
  });

  test('is let go with a warning where the database refuses it for another reason', async () => {
    lines.length = 0;
    const sampler = samplerOf([0.1], { database: db.worker });
    sampler.note(alpha, { mode: 'HYBRID', text: 'the walrus and the carpenter' });
    await sampler.close();
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(db.kind === 'server' ? ['warn'] : []);
    expect(lines.join('')).not.toContain('walrus');
  });

  test('is cleared away by the worker when it is older than it may be, and never of the last day', async () => {
    for (const days of [0.5, 2, 20, 40])
      await db.owner.query(
        `insert into query_samples (tenant_id, draw, mode, text, kept_at)
         values ('alpha', $1::float8 / 100, 'HYBRID', $1::text, now() - make_interval(secs => $1::float8 * 86400))`,
        [days],
      );
    const worker = { database: db.worker, embedder: loadStaticEmbedder(), modelId: 1 };
    const { signal } = new AbortController();
    await createClearing(worker, log, signal)();
    expect(await kept(alpha)).toEqual(['0.5', '2', '20']);
    await createClearing({ ...worker, sampleDays: 10 }, log, signal)();
    expect(await kept(alpha)).toEqual(['0.5', '2']);
    await purgeQuerySamples(db.worker, 0);
    expect(await kept(alpha)).toEqual(['0.5']);
  });
});
