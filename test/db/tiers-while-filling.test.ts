import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { planStatus } from '../../src/tiers/index-states.ts';
import { readTierStatus } from '../../src/tiers/read-tier-status.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedClusters } from '../support/seed-clusters.ts';

/** Makes tenants of 1,500 chunks large ones. */
const sizes = { crossover: 1_000, wordCrossover: 1_000_000 };

describeServer('tiers, while a model is filled', () => {
  let db: TestDatabase;
  let owner: Database;

  beforeAll(async () => {
    db = await openTestDatabase();
    owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
    for (const tenant of ['filling', 'settled']) await seedClusters(db.owner, tenant, 1_500);
  });
  afterAll(async () => {
    await owner.close();
    await db.close();
  });

  const change = (to: string) => db.owner.query(`update tenant_models set ${to} where tenant_id = 'filling'`);
  const review = async () =>
    (await reviewTiers(owner, sizes)).changes.map(({ step, state }) => `${step} ${state?.target.tenantId}`);

  test('a candidate’s graph is begun when the filling is through', async () => {
    await change("role = 'candidate', replaces = model_id");
    expect(await review()).toEqual(['build settled']);
    expect(await review()).toEqual([]);
    // As the doctor asks, which goes by the same plan.
    const status = await readTierStatus(db.database);
    const grown = { ...status, tenants: status.tenants.map((one) => ({ ...one, chunks: 50_000 })) };
    expect(planStatus(grown)).toEqual([]);
    await change('filled_at = now()');
    expect(await review()).toEqual(['build filling']);
  });

  test('a graph that searches are told of stays, and that of an active model does not wait', async () => {
    await change('filled_at = null');
    expect(await review()).toEqual([]);
    await change("tier = 'exact', hnsw_index = null");
    expect(await review()).toEqual(['drop filling']);
    expect(await review()).toEqual([]);
    await change("role = 'active'");
    expect(await review()).toEqual(['build filling']);
  });
});
