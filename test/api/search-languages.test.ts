import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

const german = [
  ['schloss', 'Die Schlösser am Rhein wurden im Mittelalter gebaut.'],
  ['haus', 'Er kaufte die alten Häuser am Markt und verkaufte eine Wohnung.'],
  ['garten', 'Im Garten stehen Bäume; niemand pflegte sie.'],
] as const;
const french = [
  ['cheval', 'Les chevaux galopaient dans les prairies.'],
  ['chanson', 'Elle chantait de vieilles chansons au marché.'],
] as const;
const english = [
  ['castle', 'The castles were built along the river.'],
  ['rhein', 'A visitor wrote Rhein instead of Rhine, and nothing else about castles or gardens or houses or trees.'],
  ['trees', 'Trees stood in the garden and nobody cared for them.'],
] as const;

let gateway: TestGateway;
/** English, German and French documents in a collection each. */
let mixed: Client;
let onlyGerman: Client;

const upsert = (client: Client, collection: string, documents: readonly (readonly [string, string])[]) =>
  client.upsert(documents.map(([externalId, body]) => ({ externalId, collection, title: externalId, body })));

beforeAll(async () => {
  gateway = await openTestGateway();
  mixed = await openClient(gateway, 'mixed');
  onlyGerman = await openClient(gateway, 'german');
  await mixed.define({ name: 'de', language: 'GERMAN' });
  await mixed.define({ name: 'fr', language: 'FRENCH' });
  await onlyGerman.define({ name: 'de', language: 'GERMAN' });
  await upsert(mixed, 'en', english);
  await upsert(mixed, 'de', german);
  await upsert(mixed, 'fr', french);
  await upsert(onlyGerman, 'de', german);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

async function find(client: Client, text: string, change: object = {}): Promise<(string | null)[]> {
  return externalIds(await client.search({ text, mode: 'KEYWORD', ...change }, { first: 100 }));
}

describe('words are stemmed in the language of the text that they are looked for in', () => {
  test.each([
    ['German, of a tenant with no other language', 'german', 'Wohnungen', ['haus']],
    ['German plural', 'german', 'Schloss Haus', ['haus', 'schloss']],
    ['German', 'mixed', 'Baum', ['garten']],
    ['French', 'mixed', 'chantaient', ['chanson']],
    ['French plural', 'mixed', 'prairie', ['cheval']],
    ['English', 'mixed', 'castle', ['castle', 'rhein']],
    ['words of three languages at once', 'mixed', 'rivers Mittelaltern galoper', ['castle', 'cheval', 'schloss']],
    ['the stop words of one language find nothing in it', 'german', 'die und am', []],
  ])('%s: %s', async (_, tenant, text, expected) => {
    expect((await find(tenant === 'german' ? onlyGerman : mixed, text)).sort()).toEqual(expected);
  });

  test('a text of the language that the question is in comes before one that happens to hold a word of it', async () => {
    expect((await find(mixed, 'Schloss am Rhein'))[0]).toBe('schloss');
    expect(await find(mixed, 'Schloss am Rhein')).toContain('rhein');
  });

  test('collections that are selected are searched, and no others', async () => {
    expect(await find(mixed, 'Rhein', { collections: ['en'] })).toEqual(['rhein']);
    expect(await find(mixed, 'Rhein', { collections: ['de', 'fr'] })).toEqual(['schloss']);
  });

  test('a document is found by its words in the commit that writes it, also as the first of its language', async () => {
    const client = await openClient(gateway, 'newcomer');
    await upsert(client, 'en', english);
    await gateway.embedAll();
    await client.define({ name: 'es', language: 'SPANISH' });
    await upsert(client, 'es', [['faro', 'Los faros iluminaban las costas.']]);
    expect(await find(client, 'iluminar costa')).toEqual(['faro']);
    expect(await find(client, 'iluminar costa', { mode: 'HYBRID' })).toContain('faro');
    expect(await find(client, 'castle')).toContain('castle');
  });
});

describe('conditions hold in every language', () => {
  test.each([
    ['a required word in another form', '+Baum Garten', ['garten']],
    ['an excluded word in another form', 'Rhein Markt -Haus', ['rhein', 'schloss']],
    ['a phrase, whose words may be inflected', '"alte Haus"', ['haus']],
    ['an excluded word of one language leaves those of the others', 'castle Schloss -Rhein', ['castle']],
  ])('%s: %s', async (_, text, expected) => {
    for (const mode of ['KEYWORD', 'HYBRID'])
      expect((await find(mixed, text, { mode })).filter((id) => expected.includes(id ?? '')).sort()).toEqual(expected);
    expect((await find(mixed, text)).sort()).toEqual(expected);
  });
});

describe('details of a hit are in its language', () => {
  const details = `query($input: SearchInput!) { search(input: $input) { ... on SearchConnection { edges {
    node { id externalId } chunk { text } highlights { start end } passages(first: 1) { text } } } } }`;
  interface Details {
    readonly search: {
      readonly edges: readonly {
        readonly node: { readonly id: string; readonly externalId: string };
        readonly chunk: { readonly text: string };
        readonly highlights: readonly { readonly start: number; readonly end: number }[];
        readonly passages: readonly { readonly text: string }[];
      }[];
    };
  }
  const read = async (text: string) =>
    (await mixed.query<Details>(details, { input: { text, mode: 'KEYWORD' } })).search.edges;

  test.each([
    ['Haus Wohnungen', 'haus', ['Häuser', 'Wohnung']],
    ['chanter chanson', 'chanson', ['chantait', 'chansons']],
    ['castle river', 'castle', ['castles', 'river']],
  ])('the words of %j are marked in %s', async (text, externalId, words) => {
    const hit = (await read(text)).find(({ node }) => node.externalId === externalId)!;
    expect(hit.highlights.map(({ start, end }) => hit.chunk.text.slice(start, end))).toEqual(words);
    expect(hit.passages).toEqual([{ text: hit.chunk.text }]);
  });

  test('explainMissing knows the words of each language', async () => {
    const query = `query($documentId: ID!, $input: SearchInput!) { explainMissing(documentId: $documentId, input: $input) {
      ... on MissingExplanation { reason keywordScore } ... on Error { code message } } }`;
    const [{ node } = { node: { id: '' } }] = await read('Wohnungen');
    const explain = async (text: string) =>
      (
        await mixed.query<{ explainMissing: { reason: string; keywordScore: number } }>(query, {
          documentId: node.id,
          input: { text, mode: 'KEYWORD' },
        })
      ).explainMissing;
    expect(await explain('Wohnungen')).toMatchObject({ reason: 'FOUND', keywordScore: expect.any(Number) });
    expect((await explain('Wohnungen')).keywordScore).toBeGreaterThan(0);
    expect(await explain('apartments')).toMatchObject({ reason: 'NO_COMMON_WORD', keywordScore: 0 });
    expect(await explain('Wohnungen -Haus')).toMatchObject({ reason: 'CONDITIONS' });
  });
});
