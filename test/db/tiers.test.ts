import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { operatorScope, tenantScope, workerScope } from '../../src/db/scope.ts';
import { readAsTenant } from '../../src/db/tenant.ts';
import { parseTenantId } from '../../src/ids.ts';
import { type SearchPlan, vectorOperands } from '../../src/search/search-plan.ts';
import { searchStatement } from '../../src/search/search-statement.ts';
import type { BuildProgress } from '../../src/tiers/build-index.ts';
import { graphIndexName } from '../../src/tiers/graph-index.ts';
import { readTierStatus } from '../../src/tiers/read-tier-status.ts';
import { reviewTiers, type TierReview } from '../../src/tiers/review-tiers.ts';
import { normaliseVector } from '../../src/vector.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { clusterDimensions, seedClusters } from '../support/seed-clusters.ts';
import { statement } from '../support/statement.ts';

const large = parseTenantId('large');
const index = graphIndexName({ tenantId: large, modelId: 1 });

let db: TestDatabase;
let owner: Database;

function openOwner(url: string, size = 3): Promise<Database> {
  return openPool({ url, size, statementTimeoutMs: 20_000, onIdleError: () => {} });
}

function stepsOf({ changes }: TierReview): string[] {
  return changes.map(({ step, state }) => `${step} ${state?.target.tenantId ?? 'nobody'}`);
}

/** What the table says of a tenant, and what the catalog does. */
async function tierOf(tenantId: string) {
  const { tenants } = await readTierStatus(db.database);
  const found = tenants.find((one) => one.tenantId === tenantId);
  return { tier: found?.tier, chunks: found?.chunks, graph: found?.graph?.valid };
}

async function shrink(tenantId: string, chunks: number): Promise<void> {
  await db.owner.query(
    `delete from embeddings e using (select chunk_id from embeddings where tenant_id = $1 order by chunk_id offset $2) d
     where e.tenant_id = $1 and e.chunk_id = d.chunk_id`,
    [tenantId, chunks],
  );
}

/** The indexes by which a search of the tenant reads vectors, as the gateway under row-level security. */
async function indexesUsed(tenantId: string) {
  const full = normaliseVector(Float32Array.from({ length: clusterDimensions }, (_, at) => Math.sin(at)));
  const plan: SearchPlan = {
    modelId: 1,
    semantic: { modelId: 1, ...vectorOperands(full), depth: { kind: 'two-stage', candidates: 100 } },
    keyword: { words: 'lamp', candidates: 100, scan: { kind: 'exact' } },
    fusion: { method: 'RECIPROCAL_RANK', keywordWeight: 2, semanticWeight: 1, rankConstant: 60 },
    selection: { filter: {}, exceptChunks: [] },
    groupBy: 'CHUNK',
    withVectors: false,
    seen: [],
    limit: 11,
  };
  const { sql, parameters } = searchStatement(parseTenantId(tenantId), plan).compile();
  const explain = statement<{ 'QUERY PLAN': unknown }>(`explain (analyze, format json) ${sql}`, parameters);
  const rows = await readAsTenant(db.database, principalOf(tenantId), explain, { 'hnsw.ef_search': 100 });
  const found = JSON.stringify(rows).matchAll(/"Node Type":"([^"]*Scan)"[^{}]*?"Index Name":"(embeddings_\w+)"/g);
  return [...found].map(([, scan, name]) => `${scan} ${name}`).sort();
}

describeServer('tiers', () => {
  beforeAll(async () => {
    db = await openTestDatabase();
    owner = await openOwner(db.urls.owner);
    for (const [tenant, chunks] of Object.entries({ large: 20_000, small: 500, bystander: 6_000 }))
      await seedClusters(db.owner, tenant, chunks);
  });
  afterAll(async () => {
    await owner.close();
    await db.close();
  });

  test('a build whose connection is killed leaves an invalid index and a tenant that is searched as before', async () => {
    const killed = Promise.withResolvers<void>();
    const onProgress = async ({ chunksDone }: BuildProgress) => {
      if (chunksDone === 0) return;
      const kill = `select pg_terminate_backend(p.pid) from pg_stat_progress_create_index p where p.datname = current_database()`;
      await db.owner.query(kill).then(() => killed.resolve(), killed.reject);
    };
    await expect(reviewTiers(owner, { onProgress })).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await killed.promise;
    expect(await tierOf('large')).toEqual({ tier: 'exact', chunks: 20_000, graph: false });
    expect(await indexesUsed('large')).toContain('Index Only Scan embeddings_exact');
  });

  test('the next review builds it anew, tells how far it is, and only one process does', async () => {
    const progress: BuildProgress[] = [];
    const second = await openOwner(db.urls.owner);
    const started = Promise.withResolvers<void>();
    const review = reviewTiers(owner, { onProgress: (one) => progress.push(one), onStep: () => started.resolve() });
    await started.promise;
    expect(await reviewTiers(second)).toEqual({ busy: true, changes: [], failures: [], waiting: [] });
    await second.close();
    expect(stepsOf(await review)).toEqual(['rebuild large']);
    expect(await tierOf('large')).toEqual({ tier: 'hnsw', chunks: 20_000, graph: true });
    expect(progress.at(-1)).toMatchObject({ kind: 'graph', target: { tenantId: 'large' }, index, chunks: 20_000 });
    expect(progress.some(({ phase, chunksDone }) => phase.startsWith('building index') && chunksDone > 0)).toBe(true);
  });

  test('the large tenant is searched by its own graph, its small neighbour from the covering index alone', async () => {
    expect(await indexesUsed('large')).toContain(`Index Scan ${index}`);
    expect(await indexesUsed('large')).not.toContain('Index Only Scan embeddings_exact');
    expect(await indexesUsed('small')).toContain('Index Only Scan embeddings_exact');
    expect((await indexesUsed('small')).join()).not.toContain('hnsw');
  });

  test('a graph takes less than 900 bytes a chunk', async () => {
    const { tenants, orphans, crossover } = await readTierStatus(db.database);
    const [first] = tenants;
    expect(first).toMatchObject({ tenantId: 'large', model: 'static-en-512', role: 'active' });
    expect((first?.graph?.sizeBytes ?? 0) / 20_000).toBeGreaterThan(512);
    expect((first?.graph?.sizeBytes ?? 0) / 20_000).toBeLessThan(900);
    expect({ orphans, crossover }).toEqual({ orphans: [], crossover: { chunks: 12_000 } });
  });

  test('a review that finds everything as it should be changes and writes nothing', async () => {
    const read = async () =>
      (await db.owner.query('select tenant_id, counted_at, tier_changed_at, xmin from tenant_models order by 1')).rows;
    const before = await read();
    expect(await reviewTiers(owner)).toEqual({ busy: false, changes: [], failures: [], waiting: [] });
    expect(await read()).toEqual(before);
  });

  test('a graph that nobody recorded is adopted, not built again', async () => {
    await db.owner.query(`update tenant_models set tier = 'exact', hnsw_index = null where tenant_id = 'large'`);
    const { rows } = await db.owner.query('select oid from pg_class where relname = $1', [index]);
    expect(stepsOf(await reviewTiers(owner))).toEqual(['adopt large']);
    expect((await db.owner.query('select oid from pg_class where relname = $1', [index])).rows).toEqual(rows);
    expect(await tierOf('large')).toMatchObject({ tier: 'hnsw', graph: true });
  });

  test('a tenant keeps its graph while it shrinks a little, loses it when it has shrunk a lot, and waits before the next', async () => {
    await shrink('large', 9_000);
    expect(stepsOf(await reviewTiers(owner))).toEqual([]);
    expect(await tierOf('large')).toEqual({ tier: 'hnsw', chunks: 9_000, graph: true });
    await shrink('large', 7_000);
    expect(stepsOf(await reviewTiers(owner))).toEqual(['drop large']);
    expect(await tierOf('large')).toEqual({ tier: 'exact', chunks: 7_000, graph: undefined });
    await db.owner.query('vacuum analyze embeddings');
    expect(await indexesUsed('large')).toContain('Index Only Scan embeddings_exact');
    expect(stepsOf(await reviewTiers(owner, { crossover: 7_000 }))).toEqual([]);
    expect(stepsOf(await reviewTiers(owner, { crossover: 6_999 }))).toEqual(['build large']);
    expect(stepsOf(await reviewTiers(owner, { crossover: 11_000 }))).toEqual([]);
    expect(stepsOf(await reviewTiers(owner))).toEqual(['drop large']);
  });

  test('the number of vectors is counted past the policies, for the operator and as a number', async () => {
    const counts = 'select * from embedding_counts() order by 1';
    expect(await tryInScope(db.database, operatorScope, counts)).toMatchObject({
      rows: [
        { tenant_id: 'bystander', model_id: 1, chunks: 6_000 },
        { tenant_id: 'large', model_id: 1, chunks: 7_000 },
        { tenant_id: 'small', model_id: 1, chunks: 500 },
      ],
    });
    for (const attempt of [counts, 'select tenant_id from tenant_models']) {
      const tenant = await tryInScope(db.database, tenantScope(principalOf('small')), attempt);
      expect(tenant).toMatchObject(attempt === counts ? { code: '42501' } : { rows: [{ tenant_id: 'small' }] });
    }
    expect(await tryInScope(db.worker, workerScope(large), counts)).toEqual({ code: '42501' });
    // Whoever migrated is no member any more, or the policy would open every vector to it.
    const { rows } = await db.owner.query(
      `select 1 from pg_auth_members where roleid = 'tessera_counter'::regrole and member = grantor`,
    );
    expect(rows).toEqual([]);
    for (const change of ['tenant_id', 'model_id', 'created_at'])
      expect(
        await tryInScope(db.database, operatorScope, `update tenant_models set ${change} = ${change}`),
        change,
      ).toEqual({ code: '42501' });
  });
});
