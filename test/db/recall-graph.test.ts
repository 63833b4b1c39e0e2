import { afterAll, beforeAll, expect, test } from 'vitest';
import { readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { parseTenantId } from '../../src/ids.ts';
import { calibrate } from '../../src/recall/calibrate.ts';
import { chooseSetting } from '../../src/recall/choose-setting.ts';
import { measureStageOne } from '../../src/recall/measure-stage-one.ts';
import type { RecallCurve, RecallSetting } from '../../src/recall/recall-curve.ts';
import { mean, recallAt, withoutItself } from '../../src/recall/recall-measures.ts';
import { exhaustiveStatement, sampleQueriesStatement, twoStageStatement } from '../../src/recall/recall-statements.ts';
import { timedRead } from '../../src/recall/timed-read.ts';
import { recordCrossover } from '../../src/tiers/crossover.ts';
import { readTierStatus } from '../../src/tiers/read-tier-status.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';
import { seedClusters } from '../support/seed-clusters.ts';
import { nearestTo, readVectors } from '../support/stored-vectors.ts';

const large = parseTenantId('large');
const vectors = { tenantId: large, modelId: 1 };

describeServer('calibration of a tenant that has a graph', () => {
  let db: TestDatabase;
  let curve: RecallCurve;

  beforeAll(async () => {
    db = await openTestDatabase();
    for (const [tenant, chunks] of Object.entries({ large: 20_000, small: 500 }))
      await seedClusters(db.owner, tenant, chunks);
    const owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
    await reviewTiers(owner);
    await owner.close();
    curve = await calibrate({ database: db.database }, large, { sample: 60, candidates: [20, 64, 200] });
  });
  afterAll(() => db.close());

  const found = (change: Partial<RecallSetting>) =>
    curve.settings.find((setting) =>
      Object.entries(change).every(([key, value]) => setting[key as 'recall'] === value),
    );

  test('measures each number of candidates at two breadths, and beside it the covering index', () => {
    expect(curve).toMatchObject({ tier: 'hnsw', chunks: 20_000, sample: 60 });
    expect(curve.settings.map(({ stageOne, candidates, efSearch }) => [stageOne, candidates, efSearch])).toEqual([
      ['planned', 20, 20],
      ['planned', 20, 40],
      ['planned', 64, 64],
      ['planned', 64, 128],
      ['planned', 200, 200],
      ['planned', 200, 400],
      ['covering', 40, 40],
      ['covering', 100, 100],
      ['covering', 200, 200],
    ]);
  });

  test('finds more with more candidates, and at least 0.95 with 200', () => {
    const [few, some, many] = [20, 64, 200].map(
      (candidates) => found({ candidates, efSearch: candidates })?.recall ?? 0,
    );
    expect(some).toBeGreaterThanOrEqual((few ?? 1) - 0.005);
    expect(many).toBeGreaterThanOrEqual((some ?? 1) - 0.005);
    expect(many).toBeGreaterThan(few ?? 1);
    expect(many).toBeGreaterThanOrEqual(0.95);
  });

  test('finds the graph to forget a little, and the covering index nothing', () => {
    expect(found({ candidates: 200, stageOne: 'planned' })?.stageOneRecall).toBeGreaterThan(0.9);
    expect(found({ candidates: 200, stageOne: 'covering' })).toMatchObject({ stageOneRecall: 1 });
    expect(found({ candidates: 200, stageOne: 'covering' })?.recall).toBeGreaterThan(0.998);
  });

  test('chooses settings that reach their targets again, with other queries', async () => {
    const settings = [0.95, 0.98].map((target) => {
      const chosen = chooseSetting(curve, { target }, { covering: true });
      if (chosen.kind === 'exact') throw new Error('A target was mapped to an exact search.');
      expect(chosen.reached).toBe(true);
      return { target, chosen, recalls: [] as number[] };
    });
    const scope = tenantScope(principalOf('large'));
    const [queries] = await readInFlight(db.database, scope, [sampleQueriesStatement(vectors, 40, 99)]);
    for (const query of queries) {
      const { rows: all } = await timedRead(db.database, large, exhaustiveStatement(vectors, query, 11));
      for (const { chosen, recalls } of settings) {
        const both = twoStageStatement(vectors, query, chosen, 11);
        const { rows } = await timedRead(db.database, large, both, chosen.efSearch);
        const hits = withoutItself(query.chunkId, rows).slice(0, 10);
        recalls.push(recallAt(10, hits, withoutItself(query.chunkId, all)));
      }
    }
    // As few queries as these tell recall to within some 0.02.
    for (const { target, recalls } of settings) expect(mean(recalls), `${target}`).toBeGreaterThan(target - 0.02);
  });

  test('an exact search misses nothing that brute force finds, graph or no graph', async () => {
    const scope = tenantScope(principalOf('large'), { 'hnsw.ef_search': 10 });
    const [queries] = await readInFlight(db.database, scope, [sampleQueriesStatement(vectors, 2, 5)]);
    const stored = await readVectors(db.owner, 'large');
    for (const query of queries) {
      const [rows] = await readInFlight(db.database, scope, [exhaustiveStatement(vectors, query, 10)]);
      const own = stored.find(({ chunkId }) => chunkId === query.chunkId);
      const expected = nearestTo(own?.full ?? new Float32Array(), stored, 10);
      expect(rows.map(({ chunkId }) => chunkId)).toEqual(expected.map(({ chunkId }) => chunkId));
    }
  });

  test('tells on the spot from which size on a graph is worth it, and reviews go by that', async () => {
    const times = await measureStageOne(db.database, large, { sample: 20 });
    expect(times).toMatchObject({ tenantId: large, chunks: 20_000, candidates: 100 });
    expect(times!.exactMs).toBeGreaterThan(times!.floorMs);
    expect(times!.graphMs).toBeGreaterThan(0);
    const crossover = await recordCrossover(db.database, times!);
    expect(crossover).toBeGreaterThanOrEqual(2_000);
    expect((await readTierStatus(db.database)).crossover).toEqual({ chunks: crossover, measuredAt: expect.any(Date) });
  });
});
