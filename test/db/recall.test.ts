import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readInFlight } from '../../src/db/database.ts';
import { operatorScope, tenantScope } from '../../src/db/scope.ts';
import { vectorParameter } from '../../src/db/vector-parameter.ts';
import { parseTenantId } from '../../src/ids.ts';
import { calibrate } from '../../src/recall/calibrate.ts';
import { chooseSetting } from '../../src/recall/choose-setting.ts';
import { measureStageOne } from '../../src/recall/measure-stage-one.ts';
import { readTuning } from '../../src/recall/read-tuning.ts';
import type { RecallCurve } from '../../src/recall/recall-curve.ts';
import { exhaustiveStatement, sampleQueriesStatement } from '../../src/recall/recall-statements.ts';
import { createTunedSearch } from '../../src/recall/tuned-search.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { seedClusters } from '../support/seed-clusters.ts';
import { nearestTo, readVectors } from '../support/stored-vectors.ts';

const small = parseTenantId('small');
const vectors = { tenantId: small, modelId: 1 };

describe('calibration of a tenant that is read from the covering index', () => {
  let db: TestDatabase;
  let curve: RecallCurve;

  beforeAll(async () => {
    db = await openTestDatabase();
    for (const [tenant, chunks] of Object.entries({ small: 500, other: 300 }))
      await seedClusters(db.owner, tenant, chunks);
    curve = await calibrate({ database: db.database }, small, { sample: 30 });
  });
  afterAll(() => db.close());

  test('measures every number of candidates, and misses nothing in stage one', () => {
    expect(curve).toMatchObject({ modelId: 1, tier: 'exact', chunks: 500, sample: 30 });
    expect(curve.settings.map(({ candidates }) => candidates)).toEqual([20, 40, 64, 100, 150, 200, 400]);
    for (const { stageOne, stageOneRecall, p50Ms, p95Ms } of curve.settings) {
      expect({ stageOne, stageOneRecall }).toEqual({ stageOne: 'planned', stageOneRecall: 1 });
      expect(p50Ms).toBeGreaterThan(0);
      expect(p95Ms).toBeGreaterThanOrEqual(p50Ms);
    }
  });

  test('finds no less with more candidates, and all with most', () => {
    const recalls = curve.settings.map(({ recall }) => recall);
    expect(recalls).toEqual(recalls.toSorted((a, b) => a - b));
    expect(recalls[0]).toBeGreaterThan(0.9);
    expect(recalls.at(-1)).toBe(1);
  });

  test('is stored where the tenant reads it, and another does not', async () => {
    const tuning = await readTuning({ database: db.database }, principalOf('small'));
    expect(tuning).toEqual({
      modelId: 1,
      tier: 'exact',
      chunks: null,
      curve,
      outdated: false,
      wordIndexes: [],
      hasAccessLists: false,
      mayPlanOnce: false,
    });
    const unmeasured = {
      tier: 'exact',
      chunks: null,
      curve: undefined,
      outdated: false,
      wordIndexes: [],
      hasAccessLists: false,
      mayPlanOnce: false,
    };
    expect(await readTuning({ database: db.database }, principalOf('other'))).toEqual({ ...unmeasured, modelId: 1 });
    expect(await readTuning({ database: db.database }, principalOf('nobody'))).toEqual({
      ...unmeasured,
      modelId: null,
    });
    const look = 'select tenant_id from recall_curves';
    expect(await tryInScope(db.database, tenantScope(principalOf('other')), look)).toMatchObject({ rows: [] });
    expect(await tryInScope(db.database, operatorScope, look)).toMatchObject({ rows: [{ tenant_id: 'small' }] });
  });

  test('takes the place of what was measured before', async () => {
    const again = await calibrate({ database: db.database }, small, { sample: 10, candidates: [20] });
    const { curve: stored } = await readTuning({ database: db.database }, principalOf('small'));
    expect(stored).toEqual(again);
    expect(stored?.settings).toHaveLength(1);
  });

  test('is what a search’s depth is chosen by', async () => {
    const { chooseDepth } = createTunedSearch({ database: db.database });
    const chosen = await chooseDepth(principalOf('small'), { profile: 'FAST' });
    expect(chosen).toMatchObject({
      kind: 'two-stage',
      candidates: 20,
      reached: true,
      measuredRecall: expect.any(Number),
    });
    expect(await chooseDepth(principalOf('other'), { profile: 'FAST' })).toMatchObject({
      candidates: 40,
      measuredRecall: null,
    });
    expect(await chooseDepth(principalOf('other'), { profile: 'EXACT' })).toEqual({ kind: 'exact' });
  });

  test('is left out once the tenant has changed its tier or size, and said to be outdated', async () => {
    const read = () => readTuning({ database: db.database }, principalOf('small'));
    const change = (assignment: string) =>
      db.owner.query(`update tenant_models set ${assignment} where tenant_id = 'small'`);
    await change('chunk_count = 1001');
    expect(await read()).toMatchObject({ chunks: 1_001, curve: undefined, outdated: true });
    await change('chunk_count = 1000');
    expect(await read()).toMatchObject({ curve: { chunks: 500 }, outdated: false });
    await change(`tier = 'hnsw'`);
    expect(await read()).toMatchObject({ tier: 'hnsw', curve: undefined, outdated: true });
    await change(`tier = 'exact', chunk_count = null`);
  });

  test('reports its progress, and stops when it is told to', async () => {
    const shares: number[] = [];
    const stop = new AbortController();
    const onProgress = (share: number) => {
      shares.push(share);
      if (shares.length === 3) stop.abort(new Error('stopped'));
    };
    const stopped = calibrate({ database: db.database }, small, { sample: 10, onProgress, signal: stop.signal });
    await expect(stopped).rejects.toThrow('stopped');
    expect(shares).toEqual([0.05, 0.1, 0.15]);
  });

  test('of a tenant without vectors is refused', async () => {
    await expect(calibrate({ database: db.database }, parseTenantId('nobody'))).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('has nothing to compare a graph with', async () => {
    expect(await measureStageOne(db.database, small)).toBeUndefined();
  });

  describe('its queries', () => {
    const sample = async (size: number, seed: number) => {
      const [rows] = await readInFlight(db.database, tenantScope(principalOf('small')), [
        sampleQueriesStatement(vectors, size, seed),
      ]);
      return rows;
    };
    const idsOf = (rows: readonly { chunkId: string }[]) => rows.map(({ chunkId }) => chunkId).sort();

    test('are the same for the same seed, and others for another', async () => {
      expect(idsOf(await sample(20, 1))).toEqual(idsOf(await sample(20, 1)));
      expect(idsOf(await sample(20, 1))).not.toEqual(idsOf(await sample(20, 2)));
      expect(await sample(10_000, 1)).toHaveLength(500);
    });

    test('are the vectors as they are stored, bit by bit', async () => {
      const stored = new Map((await readVectors(db.owner, 'small')).map((one) => [one.chunkId as string, one.full]));
      for (const { chunkId, full } of await sample(5, 1))
        expect(full).toEqual(vectorParameter(stored.get(chunkId) ?? new Float32Array()));
    });

    test('are answered exactly as brute force outside the database answers them', async () => {
      const stored = await readVectors(db.owner, 'small');
      for (const query of await sample(20, 7)) {
        const [found] = await readInFlight(db.database, tenantScope(principalOf('small')), [
          exhaustiveStatement(vectors, query, 10),
        ]);
        const own = stored.find(({ chunkId }) => chunkId === query.chunkId);
        const expected = nearestTo(own?.full ?? new Float32Array(), stored, 10);
        expect(found.map(({ chunkId }) => chunkId)).toEqual(expected.map(({ chunkId }) => chunkId));
        for (const [rank, { distance }] of found.entries()) expect(distance).toBeCloseTo(expected[rank]!.distance, 5);
      }
    });
  });

  test('a wish for everything is chosen as EXACT', () => {
    expect(chooseSetting(curve, { profile: 'EXACT' })).toEqual({ kind: 'exact' });
  });
});
