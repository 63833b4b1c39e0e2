import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTenantId } from '../../src/ids.ts';
import { readTuning } from '../../src/recall/read-tuning.ts';
import { refreshTermStats } from '../../src/worker/refresh-term-stats.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';
import { principalOf } from '../support/principal.ts';

let gateway: TestGateway;
let client: Client;

/** Passages enough that two documents alone are all candidates. */
const paragraphs = 60;
const manual = (externalId: string, sentence: string) => ({
  externalId,
  collection: 'manuals',
  title: externalId,
  body: Array.from({ length: paragraphs }, (_, n) => `${sentence} ${n}. `.repeat(12)).join('\n\n'),
});

const manuals = [
  manual('boiler', 'Hot water for the boiler comes from the pump'),
  manual('heater', 'Hot water for the heater comes from the pump'),
  manual('garden', 'Roses and tulips are watered in the garden'),
  manual('ledger', 'Invoices are booked in the ledger of the year'),
];

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
  await client.upsert(manuals);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const text = 'hot water from the pump';
const find = (change: object) => client.search({ text, mode: 'SEMANTIC', ...change });

test('a page that candidates of few documents leave short is looked for again, with a least score as without', async () => {
  const { rows } = await gateway.db.owner.query('select count(*)::int as chunks from chunks');
  expect(rows[0].chunks).toBeGreaterThan(200);
  const all = externalIds(await find({}));
  expect(all).toHaveLength(4);
  expect(externalIds(await find({ minScore: -1 }))).toEqual(all);
});

test('a page is looked for again, however few passages the tenant had when they were last counted', async () => {
  const grown = await openClient(gateway, 'gamma');
  await grown.upsert(manuals);
  await gateway.embedAll();
  await gateway.db.owner.query(
    `update tenant_models set chunk_count = 2, counted_at = now() where tenant_id = 'gamma'`,
  );
  expect(externalIds(await grown.search({ text, mode: 'SEMANTIC' }))).toHaveLength(4);
});

test('a least score that something falls below ends the page there', async () => {
  const { edges } = await find({});
  const kept = await find({ minScore: edges[1]!.score });
  expect(externalIds(kept)).toEqual(externalIds({ edges: edges.slice(0, 2) }));
  expect((await find({ minScore: 2 })).edges).toEqual([]);
});

test('a recall is told of the setting that it was measured for, and of no other', async () => {
  const beta = await openClient(gateway, 'beta');
  // As many as a page shows, and more: it is not looked for again.
  await beta.upsert(
    Array.from({ length: 60 }, (_, n) => {
      return { externalId: `${n}`, collection: 'c', title: `Note ${n}`, body: `Hot water of room ${n}.` };
    }),
  );
  await gateway.embedAll();
  await gateway.db.owner.query(
    `insert into recall_curves
      (tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms)
    values ('beta', $1, 'exact', 60, 10, $2, 1, 1)`,
    [
      gateway.deps.modelId,
      JSON.stringify([
        { stageOne: 'planned', candidates: 60, efSearch: 60, recall: 0.992, coarseRecall: 0.9, p50Ms: 1, p95Ms: 2 },
      ]),
    ],
  );
  const told = async (input: object, first = 10) =>
    (
      await beta.query<{ search: { recall: Record<string, unknown> } }>(
        `query($input: SearchInput!, $first: Int) { search(input: $input, first: $first) {
          ... on SearchConnection { recall { candidates efSearch measured } } } }`,
        { input: { text, mode: 'SEMANTIC', ...input }, first },
      )
    ).search.recall;
  expect(await told({})).toEqual({ candidates: 60, efSearch: null, measured: 0.992 });
  expect(await told({}, 50)).toMatchObject({ measured: null });
  expect(await told({ filter: { collection: { eq: 'c' } } })).toMatchObject({ measured: null });
  expect(await told({ recall: { profile: 'EXACT' } })).toEqual({ candidates: null, efSearch: null, measured: 1 });
  expect(await told({ recall: { target: 1 } })).toEqual({ candidates: null, efSearch: null, measured: 1 });
});

test('what is told of a graph is the plan’s, and not what the tenant’s tier was taken for', async () => {
  const delta = await openClient(gateway, 'delta');
  await delta.upsert(manuals);
  await gateway.embedAll();
  // As for the half minute after its graph was dropped.
  await gateway.db.owner.query(`update tenant_models set tier = 'hnsw', chunk_count = 240 where tenant_id = 'delta'`);
  const { search } = await delta.query<{ search: { explain: object } }>(
    `query($input: SearchInput!) { search(input: $input) {
      ... on SearchConnection { explain { strategy settings { candidates efSearch maxScanTuples } } } } }`,
    { input: { text, mode: 'SEMANTIC', groupBy: 'CHUNK' } },
  );
  expect(search.explain).toEqual({
    strategy: 'SEMANTIC, two stages over the covering index, 100 candidates',
    settings: { candidates: 100, efSearch: null, maxScanTuples: null },
  });
});

test('a curve is not used of a tenant that any worker counted at twice its size, though nobody counted its vectors', async () => {
  const epsilon = await openClient(gateway, 'epsilon');
  await epsilon.upsert(
    Array.from({ length: 30 }, (_, n) => ({
      externalId: `${n}`,
      collection: 'c',
      title: `Note ${n}`,
      body: `Room ${n}.`,
    })),
  );
  await gateway.embedAll();
  const measuredOf = async (curveChunks: number) => {
    await gateway.db.owner.query(`delete from recall_curves where tenant_id = 'epsilon'`);
    await gateway.db.owner.query(
      `insert into recall_curves
        (tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms)
      values ('epsilon', $1, 'exact', $3, 10, $2, 1, 1)`,
      [
        gateway.deps.modelId,
        JSON.stringify([{ stageOne: 'planned', candidates: 60, efSearch: 60, recall: 0.992, p50Ms: 1, p95Ms: 2 }]),
        curveChunks,
      ],
    );
    const { curve, outdated } = await readTuning(gateway.db, principalOf('epsilon'));
    return [curve !== undefined, outdated];
  };
  await gateway.db.owner.query(`delete from corpus_stats where tenant_id = 'epsilon'`);
  expect(await measuredOf(1)).toEqual([true, false]);
  await refreshTermStats(gateway.db.worker, parseTenantId('epsilon'));
  expect(await measuredOf(14)).toEqual([false, true]);
  expect(await measuredOf(15)).toEqual([true, false]);
  // Nor is it when the vectors were counted long ago.
  await gateway.db.owner.query(`update tenant_models set chunk_count = 1 where tenant_id = 'epsilon'`);
  expect(await measuredOf(1)).toEqual([false, true]);
});

test('a page that the caller’s own number of candidates leaves short says so, and why', async () => {
  const told = async (input: object) =>
    (
      await client.query<{ search: { edges: unknown[]; underfilled: boolean; underfilledReason: string | null } }>(
        `query($input: SearchInput!) { search(input: $input) {
          ... on SearchConnection { edges { score } underfilled underfilledReason } } }`,
        { input: { text, mode: 'SEMANTIC', ...input } },
      )
    ).search;
  const cut = await told({ candidates: 10 });
  expect(cut).toMatchObject({ underfilled: true, underfilledReason: 'CANDIDATES' });
  expect(cut.edges.length).toBeLessThan(manuals.length);
  expect(await told({})).toMatchObject({ edges: { length: 4 }, underfilled: false, underfilledReason: null });
});

test('a profile and a target are the cheapest setting that was measured to reach them, and say what it reached', async () => {
  const zeta = await openClient(gateway, 'zeta');
  await zeta.upsert(
    Array.from({ length: 60 }, (_, n) => {
      return { externalId: `${n}`, collection: 'c', title: `Note ${n}`, body: `Hot water of room ${n}.` };
    }),
  );
  await gateway.embedAll();
  const setting = (candidates: number, recall: number) => {
    return {
      stageOne: 'planned',
      candidates,
      efSearch: candidates,
      recall,
      coarseRecall: 0.9,
      p50Ms: candidates,
      p95Ms: 50,
    };
  };
  await gateway.db.owner.query(
    `insert into recall_curves (tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms)
     values ('zeta', $1, 'exact', 60, 10, $2, 900, 900)`,
    [gateway.deps.modelId, JSON.stringify([setting(20, 0.96), setting(30, 0.991), setting(50, 0.997)])],
  );
  const told = async (recall: object | undefined) =>
    (
      await zeta.query<{ search: { recall: object } }>(
        `query($input: SearchInput!) { search(input: $input) {
          ... on SearchConnection { recall { exact candidates measured measuredAt reached } } } }`,
        { input: { text, mode: 'SEMANTIC', ...(recall && { recall }) } },
      )
    ).search.recall;
  const measured = { exact: false, measuredAt: expect.any(String), reached: true };
  const [cheap, middle, best] = [
    { ...measured, candidates: 20, measured: 0.96 },
    { ...measured, candidates: 30, measured: 0.991 },
    { ...measured, candidates: 50, measured: 0.997 },
  ];
  expect(await told({ profile: 'FAST' })).toEqual(cheap);
  expect(await told(undefined)).toEqual(middle);
  expect(await told({ profile: 'BALANCED' })).toEqual(middle);
  expect(await told({ target: 0.9 })).toEqual(cheap);
  expect(await told({ target: 0.97 })).toEqual(middle);
  expect(await told({ target: 0.995 })).toEqual(best);
  expect(await told({ profile: 'HIGH' })).toEqual({ ...best, reached: false });
  expect(await told({ profile: 'EXACT' })).toEqual({
    exact: true,
    candidates: null,
    measured: 1,
    measuredAt: null,
    reached: true,
  });
});
