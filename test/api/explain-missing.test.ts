import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SearchInput } from '../../src/search/search-input.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway();
});
afterAll(() => gateway.close());

interface Explanation {
  readonly __typename: string;
  readonly reason?: string;
  readonly rank?: number | null;
  readonly trueCoarseRank?: number | null;
  readonly keywordScore?: number | null;
}

const explainQuery = `query($id: ID!, $input: SearchInput!, $first: Int) { explainMissing(documentId: $id, input: $input, first: $first) {
  __typename ... on MissingExplanation { reason rank score trueCoarseRank candidates keywordScore } ... on Error { code message } } }`;

async function explain(client: Client, id: string, input: unknown, first = 10): Promise<Explanation> {
  return (await client.query<{ explainMissing: Explanation }>(explainQuery, { id, input, first })).explainMissing;
}

/** Paragraphs each long enough to be a passage by itself. */
const paragraph = (subject: string) =>
  `## ${subject}\n\n${`The ${subject} is described in this part of the manual and in no other. `.repeat(12)}`;
const document = (externalId: string, body: string) => ({ externalId, collection: 'house', title: externalId, body });

/** A tenant of its own with these documents, embedded, and their ids by external id. */
async function openTenant(tenant: string, documents: readonly ReturnType<typeof document>[]) {
  const client = await openClient(gateway, tenant);
  const upsert = async (more: readonly ReturnType<typeof document>[]) =>
    (await client.upsert(more)).map(({ document: stored }) => [stored!.externalId, stored!.id] as const);
  const ids = new Map(await upsert(documents));
  await gateway.embedAll();
  return { client, ids, upsert };
}

describe('goes by the page', () => {
  const subjects = ['parking', 'breakfast', 'wireless network', 'lost keys', 'dogs and cats', 'garden chairs'];
  let client: Client;
  let ids: Map<string | null, string>;

  beforeAll(async () => {
    ({ client, ids } = await openTenant('pages', [
      document('manual', Array.from({ length: 14 }, (_, i) => paragraph(`sauna number ${i}`)).join('\n\n')),
      document('leaflet', 'The sauna is in the cellar, beside the pool. Towels are at the reception.'),
      document('poster', 'The sauna is in the cellar, beside the pool. Towels are at the desk.'),
      ...subjects.map((subject) => document(subject, `All about ${subject} in this house, and no word of the rest.`)),
    ]));
  });

  const inputs: SearchInput[] = (['HYBRID', 'SEMANTIC', 'KEYWORD'] as const).flatMap((mode) =>
    (['DOCUMENT', 'CHUNK'] as const).flatMap((groupBy) => [
      { text: 'the sauna in the cellar', mode, groupBy },
      { text: 'the sauna in the cellar', mode, groupBy, diversity: 0.9 },
    ]),
  );

  test.each(inputs)('that the same input gives: %j', async (input) => {
    const reasons = new Set<string | undefined>();
    for (const first of [1, 4]) {
      const page = (await client.search(input, { first })).edges.map(({ node }) => node.id);
      const explained = await Promise.all([...ids.values()].map((id) => explain(client, id, input, first)));
      for (const [at, id] of [...ids.values()].entries()) {
        const { reason, rank } = explained[at]!;
        reasons.add(reason);
        expect([reason === 'FOUND', reason === 'FOUND' ? rank : 0]).toEqual([page.includes(id), page.indexOf(id) + 1]);
      }
    }
    expect(reasons).toContain('FOUND');
    expect(reasons.size).toBeGreaterThan(1);
  });

  test('and says DIVERSITY of a document whose place went to one that is less like the others', async () => {
    const input = { text: 'sauna in the cellar beside the pool, towels', diversity: 0.95 };
    const { diversity: _, ...plain } = input;
    const ranked = (await client.search(plain, { first: 2 })).edges.map(({ node }) => node.externalId);
    expect(ranked.toSorted()).toEqual(['leaflet', 'poster']);
    const second = ids.get(ranked[1]!)!;
    expect(await explain(client, second, input, 2)).toMatchObject({ reason: 'DIVERSITY', rank: 2 });
    expect(await explain(client, second, plain, 2)).toMatchObject({ reason: 'FOUND', rank: 2 });
    expect(await explain(client, second, input, 1)).toMatchObject({ reason: 'BEHIND_THE_PAGE', rank: 2 });
  });

  test('and says GROUPING of a document behind the passages of another', async () => {
    const leaflet = ids.get('leaflet')!;
    const input = { text: 'sauna number 3 of the manual', mode: 'SEMANTIC' };
    const lost = await explain(client, leaflet, { ...input, groupBy: 'CHUNK' }, 3);
    expect(lost).toMatchObject({ reason: 'GROUPING' });
    expect(lost.rank).toBeGreaterThan(3);
    expect(await explain(client, leaflet, { ...input, groupBy: 'DOCUMENT' }, 3)).toMatchObject({ reason: 'FOUND' });
    expect(await explain(client, leaflet, { ...input, groupBy: 'CHUNK' }, 100)).toMatchObject({
      reason: 'FOUND',
      rank: lost.rank,
    });
    expect(await explain(client, leaflet, { ...input, groupBy: 'CHUNK' }, 1)).toMatchObject({
      reason: 'BEHIND_THE_PAGE',
      rank: lost.rank,
    });
  });

  test('and ranks behind it by score, whatever minScore says', async () => {
    const input = { text: 'sauna', mode: 'SEMANTIC', minScore: 0.99 };
    const far = await explain(client, ids.get('breakfast')!, input);
    expect(far).toMatchObject({ reason: 'BELOW_MIN_SCORE', rank: expect.any(Number) });
    expect(far.rank).toBeGreaterThan(1);
  });
});

describe('of a document whose new text has no vectors', () => {
  const manual = (...subjects: string[]) => document('manual', subjects.map(paragraph).join('\n\n'));
  const fillers = Array.from({ length: 30 }, (_, i) => document(`filler ${i}`, `Airship and hangar number ${i}.`));
  const aboutNew = { text: 'airship hangar zeppelin', mode: 'SEMANTIC' };

  test('says STALE where its old ones were compared, and the ranks are theirs', async () => {
    const { client, ids, upsert } = await openTenant('edited', [...fillers, manual('sauna', 'shower')]);
    const id = ids.get('manual')!;
    expect(await explain(client, id, aboutNew)).toMatchObject({ reason: 'BEHIND_THE_PAGE' });
    await upsert([manual('airship, hangar and zeppelin')]);
    const ranked = await explain(client, id, aboutNew);
    expect(ranked).toMatchObject({ reason: 'STALE', trueCoarseRank: expect.any(Number) });
    expect(ranked.rank).toBeGreaterThan(10);
    const cut = await explain(client, id, { ...aboutNew, candidates: 10 });
    expect(cut).toMatchObject({ reason: 'STALE', rank: null });
    expect(cut.trueCoarseRank).toBeGreaterThan(10);
    expect(await explain(client, id, { text: 'sauna', mode: 'SEMANTIC' })).toMatchObject({ reason: 'FOUND', rank: 1 });
    expect(await explain(client, id, { ...aboutNew, collections: ['none'] })).toMatchObject({ reason: 'FILTERED' });
    expect(await explain(client, id, { text: 'boat', mode: 'KEYWORD' })).toMatchObject({ reason: 'NO_COMMON_WORD' });
    await gateway.embedAll();
    expect((await explain(client, id, aboutNew, 31)).reason).toBe('FOUND');
    expect((await explain(client, id, { ...aboutNew, candidates: 10 }, 5)).reason).not.toBe('STALE');
  });

  test('says STALE where only a part has them', async () => {
    const { client, ids, upsert } = await openTenant('longer', [...fillers, manual('sauna')]);
    const id = ids.get('manual')!;
    await upsert([manual('sauna', 'airship, hangar and zeppelin')]);
    expect(await explain(client, id, aboutNew)).toMatchObject({ reason: 'STALE' });
    await gateway.embedAll();
    expect((await explain(client, id, aboutNew, 31)).reason).toBe('FOUND');
  });

  test('says NOT_EMBEDDED where it has none, and otherwise which stage cut it by its words', async () => {
    const boats = Array.from({ length: 120 }, (_, i) => document(`boat ${i}`, `Harbour ${i}, the harbour.`));
    const { client, upsert } = await openTenant('pending', boats);
    const late = document('late', `${paragraph('quokka')} It is far from the harbour.`);
    const [[, id] = ['', '']] = await upsert([late]);
    const of = (text: string, mode: string) => explain(client, id, { text, mode });
    expect(await of('harbour', 'HYBRID')).toMatchObject({
      ...{ reason: 'CUT_BY_KEYWORDS', rank: null, trueCoarseRank: null },
      keywordScore: expect.any(Number),
    });
    expect(await of('harbour', 'KEYWORD')).toMatchObject({ reason: 'CUT_BY_KEYWORDS' });
    expect(await of('quokka', 'HYBRID')).toMatchObject({ reason: 'FOUND' });
    expect(await of('zeppelin', 'HYBRID')).toMatchObject({ reason: 'NOT_EMBEDDED', keywordScore: 0 });
    expect(await of('zeppelin', 'KEYWORD')).toMatchObject({ reason: 'NO_COMMON_WORD' });
    for (const text of ['harbour', 'quokka']) {
      expect(await of(text, 'SEMANTIC')).toMatchObject({ reason: 'NOT_EMBEDDED', rank: null, trueCoarseRank: null });
    }
    await gateway.embedAll();
    expect(await of('harbour', 'KEYWORD')).toMatchObject({ reason: 'CUT_BY_KEYWORDS' });
    expect(await of('quokka', 'SEMANTIC')).toMatchObject({ reason: 'FOUND' });
    expect((await of('zeppelin', 'HYBRID')).reason).not.toBe('NOT_EMBEDDED');
  });
});
