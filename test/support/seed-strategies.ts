import { openPool } from '../../src/db/open-pool.ts';
import { parseTenantId } from '../../src/ids.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { seedAudience, seedAudienceOf } from './access-list.ts';
import type { TestDatabase } from './database.ts';
import { seedMany } from './seed-many.ts';

/** Chunks of each tenant. `guarded` has access lists on nine documents of ten, for the group `staff`. */
export const strategySizes = { small: 100, middle: 5_000, guarded: 6_000, large: 50_000 } as const;
export type StrategyTenant = keyof typeof strategySizes;

/** Chunks from which on these tenants have a graph: `guarded` and `large` do. Only `large` has a word index. */
const crossover = 5_500;

/** Tenants of every kind side by side, whose searches use every strategy. Each document has a number as its attribute `n`. */
export async function seedStrategies(db: TestDatabase): Promise<void> {
  await seedMany(db.urls.superuser, strategySizes);
  const staff = await seedAudience(db.owner, 'guarded', { users: [], groups: ['staff'] });
  await seedAudienceOf(db.owner, 'guarded', staff, `collection <> 'c3'`);
  await db.owner.query(
    `insert into tessera.document_attributes (tenant_id, document_id, name, number_value, audience)
     select tenant_id, id, 'n', row_number() over (partition by tenant_id order by id), audience from tessera.documents`,
  );
  for (const table of ['documents', 'chunks', 'embeddings', 'document_attributes'])
    await db.owner.query(`vacuum analyze tessera.${table}`);
  await refreshTermStats(db.worker, parseTenantId('large'));
  const owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 60_000, onIdleError: () => {} });
  await reviewTiers(owner, { crossover });
  await owner.close();
}
