import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SearchInput } from '../../src/search/search-input.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, openClient } from '../support/operations.ts';

const counted = countFlights();
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await openTestGateway({ serveFrom: counted.serveFrom });
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
const nobody = Buffer.from('Document:01890000-0000-7000-8000-000000000001').toString('base64');

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

describe('of what a search started from', () => {
  let client: Client;
  let ids: Map<string | null, string>;
  beforeAll(async () => {
    ({ client, ids } = await openTenant('examples', [
      document('book', ['sauna', 'shower', 'garden'].map(paragraph).join('\n\n')),
      document('note', 'The sauna is in the cellar.'),
      document('other', 'Breakfast is from seven to ten.'),
    ]));
  });
  const bare = { rank: null, score: null, trueCoarseRank: null };

  test.each([
    ['similarTo', (note: string) => ({ similarTo: note })],
    ['similarTo, in its passages', (note: string) => ({ similarTo: note, groupBy: 'CHUNK' })],
    ['similarTo, excluded besides', (note: string) => ({ similarTo: note, collections: ['none'] })],
    ['similarTo, at full precision', (note: string) => ({ similarTo: note, recall: { profile: 'EXACT' } })],
    ['a positive example', (note: string, other: string) => ({ recommend: { positive: [note, other] } })],
    ['a negative example', (note: string, other: string) => ({ recommend: { positive: [other], negative: [note] } })],
  ])('says EXAMPLE and no rank: %s', async (_name, inputOf) => {
    const input = inputOf(ids.get('note')!, ids.get('other')!);
    expect(await explain(client, ids.get('note')!, input)).toMatchObject({ reason: 'EXAMPLE', ...bare });
    const book = await explain(client, ids.get('book')!, input);
    expect(book.reason).toBe('collections' in input ? 'FILTERED' : 'FOUND');
  });

  test('says EXAMPLE for a passage only where the document has no other', async () => {
    const passageOf = async (text: string) =>
      (await client.search({ text, groupBy: 'CHUNK' }, { first: 1 })).edges[0]!.chunk.id;
    const only = await passageOf('breakfast from seven to ten');
    expect(await explain(client, ids.get('other')!, { similarTo: only })).toMatchObject({ reason: 'EXAMPLE', ...bare });
    const oneOfThree = await passageOf('garden in this part of the manual');
    expect(await explain(client, ids.get('book')!, { similarTo: oneOfThree })).toMatchObject({ reason: 'FOUND' });
  });

  test('has no true rank where it is excluded', async () => {
    const input = { text: 'sauna', mode: 'HYBRID' };
    const id = ids.get('note')!;
    expect(await explain(client, id, input)).toMatchObject({ reason: 'FOUND', trueCoarseRank: expect.any(Number) });
    expect(await explain(client, id, { ...input, text: 'sauna +zeppelin' })).toMatchObject({
      reason: 'CONDITIONS',
      ...bare,
    });
  });
});

describe('of a document that the caller may not see', () => {
  const acl = { users: ['somebody else'], groups: [] };
  const inputs = {
    words: { text: 'sauna' },
    'passages, unlike each other': { text: 'sauna', groupBy: 'CHUNK', diversity: 0.5 },
    'the words alone': { text: 'sauna', mode: 'KEYWORD' },
    'a document that is there': { similarTo: 'there' },
    'the document itself': { similarTo: 'hidden' },
    'the document and another': { recommend: { positive: ['there', 'hidden'] } },
  };
  let client: Client;
  const ids = new Map<string, string>();

  beforeAll(async () => {
    client = await openClient(gateway, 'lists');
    const stored = await gateway.upsert('lists', [
      document('there', 'The sauna is in the cellar.'),
      { ...document('hidden', paragraph('sauna')), acl },
    ]);
    await gateway.embedAll();
    const [waiting] = await gateway.upsert('lists', [{ ...document('waiting', 'A sauna of its own.'), acl }]);
    await gateway.upsert('lists', [{ ...document('hidden', paragraph('shower')), acl }]);
    for (const [name, outcome] of Object.entries({ there: stored[0], hidden: stored[1], waiting })) {
      ids.set(name, Buffer.from(`Document:${outcome!.id}`).toString('base64'));
    }
    // What is remembered of the tenant is read once.
    for (const input of Object.values(inputs)) await ask(input, nobody);
  });

  /** The answer, and how often the database was asked for it. */
  const ask = async (input: object, id: string) => {
    const named = JSON.stringify(input, (_key, value) => (value === 'hidden' ? id : (ids.get(value) ?? value)));
    counted.take();
    const answer = await explain(client, id, JSON.parse(named));
    return { answer, flights: counted.take() };
  };

  test.each(Object.entries(inputs))('is that of one that nobody has: %s', async (_name, input) => {
    const absent = await ask(input, nobody);
    for (const name of ['hidden', 'waiting']) expect(await ask(input, ids.get(name)!)).toEqual(absent);
    const isExample = JSON.stringify(input).includes('hidden');
    expect(absent.answer).toMatchObject(
      isExample ? { __typename: 'ExampleNotFoundError' } : { reason: 'NOT_THERE', rank: null, trueCoarseRank: null },
    );
    expect((await ask(input, ids.get('there')!)).answer.reason).toMatch(/^(FOUND|EXAMPLE)$/);
  });
});
