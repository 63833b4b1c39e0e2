import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { holdLoadLock, type LoadLock } from '../../src/db/load-lock.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { startTierKeeper } from '../../src/tiers/tier-keeper.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedClusters } from '../support/seed-clusters.ts';

const [loaded, other] = [parseTenantId('loaded'), parseTenantId('other')];
/** Makes tenants of 1,500 chunks large ones. */
const sizes = { crossover: 1_000, wordCrossover: 1_000_000 };

let db: TestDatabase;
let owner: Database;
let locks: LoadLock[] = [];

const load = async (onLost: (error: unknown) => void = () => {}) => {
  const lock = await holdLoadLock(db.urls.gateway, loaded, onLost);
  locks.push(lock);
  return lock;
};

async function review() {
  const { changes, waiting } = await reviewTiers(owner, sizes);
  const name = ({ step, state }: (typeof waiting)[number]) => `${step} ${state?.target.tenantId}`;
  return { changes: changes.map(name), waiting: waiting.map(name) };
}

/** Of graphs that there are, finished or not. */
async function countGraphs(): Promise<number> {
  const { rows } = await db.owner.query(
    `select from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'embeddings'::regclass and c.relname like '%hnsw%'`,
  );
  return rows.length;
}

describeServer('tiers, while a tenant is loaded', () => {
  beforeAll(async () => {
    db = await openTestDatabase();
    owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
    for (const tenant of [loaded, other]) await seedClusters(db.owner, tenant, 1_500);
  });
  afterEach(async () => {
    for (const lock of locks) await lock.release();
    locks = [];
    await reviewTiers(owner, { crossover: 1_000_000 });
  });
  afterAll(async () => {
    await owner.close();
    await db.close();
  });

  test('its graph is not begun, its neighbour’s is, and behind the last of its loads its own is', async () => {
    const [first, second] = [await load(), await load()];
    expect([first.isHeld, second.isHeld]).toEqual([true, true]);
    expect(await review()).toEqual({ changes: ['build other'], waiting: ['build loaded'] });
    await first.release();
    expect(await review()).toEqual({ changes: [], waiting: ['build loaded'] });
    expect(await countGraphs()).toBe(1);
    await second.release();
    expect(await review()).toEqual({ changes: ['build loaded'], waiting: [] });
    expect(await countGraphs()).toBe(2);
  });

  test('a load whose connection is lost holds nothing up', async () => {
    const lost = Promise.withResolvers<unknown>();
    await load(lost.resolve);
    expect((await review()).waiting).toEqual(['build loaded']);
    await db.owner.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where datname = current_database() and application_name = 'tessera load'`,
    );
    await lost.promise;
    expect(await review()).toEqual({ changes: ['build loaded'], waiting: [] });
  });

  test('a graph that stands stays and is dropped as ever', async () => {
    await review();
    await load();
    expect(await review()).toEqual({ changes: [], waiting: [] });
    const { changes } = await reviewTiers(owner, { crossover: 1_000_000 });
    expect(changes.map(({ step }) => step)).toEqual(['drop', 'drop']);
  });

  test('the keeper builds at its next look', async () => {
    const lock = await load();
    const waits = Promise.withResolvers<void>();
    const steps: string[] = [];
    const write = (line: string) => {
      const { msg, tenantId, step } = JSON.parse(line);
      if (tenantId !== loaded) return;
      if (msg === 'a tier changes') steps.push(step);
      else waits.resolve();
    };
    const log = createLogger({ level: 'info', destination: { write } });
    const keeper = startTierKeeper({ owner, everyMs: 20, options: sizes }, log);
    await waits.promise;
    expect(steps).toEqual([]);
    await lock.release();
    await expect.poll(() => steps, { timeout: 10_000 }).toEqual(['build']);
    await keeper.stop();
  });
});
