import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInFlight } from '../../src/db/database.ts';
import { parseTenantId } from '../../src/ids.ts';
import { measureSettings } from '../../src/recall/measure-settings.ts';
import { mean } from '../../src/recall/recall-measures.ts';
import { sampleQueriesStatement } from '../../src/recall/recall-statements.ts';
import { measuringScope } from '../../src/recall/timed-read.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedClusters } from '../support/seed-clusters.ts';

const tenantId = parseTenantId('many');
const vectors = { tenantId, modelId: 1 };
/** Candidates, and the recall@10 that they must reach: a little below what was measured. 11 is stage one alone. */
const floors = [
  [11, 0.82],
  [25, 0.98],
  [50, 0.995],
  [100, 0.999],
  [200, 0.999],
] as const;

// Real vectors are measured by `npm run bench -- recall`; these are made with a spectrum like theirs.
describe('two stages over vectors whose energy falls with the component', () => {
  let db: TestDatabase;
  let recalls: number[];

  beforeAll(async () => {
    db = await openTestDatabase();
    for (const [tenant, chunks] of Object.entries({ many: 2_000, other: 300 }))
      await seedClusters(db.owner, tenant, chunks);
    const [queries] = await readInFlight(db.database, measuringScope(tenantId), [
      sampleQueriesStatement(vectors, 60, 1),
    ]);
    const grid = floors.map(([candidates]) => ({ stageOne: 'planned' as const, candidates, efSearch: candidates }));
    const { trials } = await measureSettings(db.database, vectors, queries, grid, {});
    recalls = trials.map((ofSetting) => mean(ofSetting.map(({ recall }) => recall)));
  });
  afterAll(() => db.close());

  test.each(floors)('find with %i candidates at least %f of the ten nearest', (candidates, floor) => {
    const index = floors.findIndex(([one]) => one === candidates);
    expect(recalls[index]).toBeGreaterThanOrEqual(floor);
  });

  test('find more with more candidates, and miss something without stage two', () => {
    expect(recalls).toEqual(recalls.toSorted((a, b) => a - b));
    expect(recalls[0]).toBeLessThan(0.9);
  });
});
