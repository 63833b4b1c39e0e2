import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { recordCrossover } from '../../src/tiers/crossover.ts';
import { createGraphStatement, graphIndexName } from '../../src/tiers/graph-index.ts';
import { readTierStatus } from '../../src/tiers/read-tier-status.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { startTierKeeper } from '../../src/tiers/tier-keeper.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedClusters } from '../support/seed-clusters.ts';

const tenantId = parseTenantId('acme');
const index = graphIndexName({ tenantId, modelId: 1 });
/** Makes a tenant of 1,500 chunks a large one. */
const crossover = 1_000;

let db: TestDatabase;
let owner: Database;

function openOwner(url: string): Promise<Database> {
  return openPool({ url, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
}

async function graphs(): Promise<{ name: string; valid: boolean }[]> {
  const { rows } = await db.owner.query<{ name: string; valid: boolean }>(
    `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'embeddings'::regclass and c.relname like '%hnsw%' order by 1`,
  );
  return rows;
}

describeServer('tiers, when something comes between', () => {
  beforeAll(async () => {
    db = await openTestDatabase();
    owner = await openOwner(db.urls.owner);
    await seedClusters(db.owner, tenantId, 1_500);
  });
  afterEach(async () => {
    await reviewTiers(owner, { crossover: 1_000_000 });
    expect(await graphs()).toEqual([]);
  });
  afterAll(async () => {
    await owner.close();
    await db.close();
  });

  test('whoever stops a build finds nothing left of it', async () => {
    // A transaction that began earlier holds the build up for as long as it is open.
    const holding = await openPool({
      url: db.urls.superuser,
      size: 1,
      statementTimeoutMs: 20_000,
      onIdleError: () => {},
    });
    const client = await holding.pool.connect();
    await client.query('begin isolation level repeatable read; select count(*) from tessera.embeddings');
    const stop = new AbortController();
    const phases: string[] = [];
    const review = reviewTiers(owner, {
      crossover,
      signal: stop.signal,
      onProgress: ({ phase }) => {
        phases.push(phase);
        if (phase.startsWith('waiting for old snapshots')) {
          stop.abort(new Error('stopped'));
          setTimeout(() => void client.query('commit'), 500);
        }
      },
    });
    await expect(review).rejects.toThrow('stopped');
    client.release();
    await holding.close();
    expect(phases.at(-1)).toContain('waiting for old snapshots');
    expect(await graphs()).toEqual([]);
    expect((await readTierStatus(db.database)).tenants[0]).toMatchObject({ tier: 'exact', chunks: 1_500 });
  });

  test('an index that an interrupted build or drop left is cleared away where it is not wanted', async () => {
    await db.owner.query(createGraphStatement({ tenantId, modelId: 1 }).compile().sql);
    await db.owner.query('update pg_index set indisvalid = false where indexrelid = $1::regclass', [
      `tessera.${index}`,
    ]);
    expect(await graphs()).toEqual([{ name: index, valid: false }]);
    const { changes } = await reviewTiers(owner);
    expect(changes).toMatchObject([{ step: 'drop', index }]);
  });

  test('a graph of a tenant that is gone is dropped, and an index of somebody’s own is not', async () => {
    await seedClusters(db.owner, 'leaving', 1_200);
    await reviewTiers(owner, { crossover });
    expect(await graphs()).toHaveLength(2);
    await db.owner.query(`delete from embeddings where tenant_id = 'leaving'`);
    await db.owner.query(`delete from tenants where id = 'leaving'`);
    await db.owner.query(
      `create index my_hnsw on embeddings using hnsw (coarse halfvec_ip_ops) where tenant_id = 'nobody'`,
    );
    expect((await readTierStatus(db.database)).orphans).toHaveLength(1);
    const { changes } = await reviewTiers(owner, { crossover });
    expect(changes.map(({ step, state }) => [step, state])).toEqual([['drop', undefined]]);
    expect(await graphs()).toEqual([
      { name: index, valid: true },
      { name: 'my_hnsw', valid: true },
    ]);
    await db.owner.query('drop index my_hnsw');
  });

  test('a build that fails takes no other down, and is told', async () => {
    await seedClusters(db.owner, 'other', 1_200);
    // Something else has the name, so PostgreSQL refuses.
    await db.owner.query(`create sequence ${index}`);
    const { changes, failures } = await reviewTiers(owner, { crossover });
    expect(changes).toMatchObject([{ step: 'build', state: { target: { tenantId: 'other' } } }]);
    expect(failures).toMatchObject([{ step: 'build', state: { target: { tenantId } }, error: { code: '42P07' } }]);
    await db.owner.query(`drop sequence ${index}`);
    expect((await reviewTiers(owner, { crossover })).changes).toMatchObject([
      { step: 'build', state: { target: { tenantId } } },
    ]);
    await db.owner.query(`delete from embeddings where tenant_id = 'other'`);
  });

  test('a login that does not own the table is refused, and told which one is needed', async () => {
    await expect(reviewTiers(db.database)).rejects.toThrow(/tessera_gateway does not own.*MIGRATE_DATABASE_URL/);
    const gone = await openOwner(db.urls.owner.replace(/:\d+\//, ':1/'));
    await expect(reviewTiers(gone)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await gone.close();
  });

  test('the keeper reviews by itself, by what was measured here, and ends when it is told to', async () => {
    const times = { tenantId, chunks: 1_500, candidates: 100, floorMs: 0, exactMs: 1_500, graphMs: 0 };
    expect(await recordCrossover(db.database, times)).toBe(2_000);
    await db.owner.query(`update engine_settings set value = 1000`);
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const keeper = startTierKeeper({ owner, everyMs: 50 }, createLogger({ level: 'info', destination }));
    await expect
      .poll(async () => (await readTierStatus(db.database)).tenants[0], { timeout: 10_000 })
      .toMatchObject({ tier: 'hnsw', graph: { name: index, valid: true } });
    await keeper.stop();
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'a tier changes', step: 'build', kind: 'graph', tenantId }),
    );
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    await db.owner.query('delete from engine_settings');
  });
});
