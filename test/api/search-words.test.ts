import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

const documents = [
  ['tap', 'Hot water comes from the left tap.'],
  ['cold', 'The water is hot at noon and cold at night.'],
  ['spa', 'The spa has hot water and steam.'],
  ['gas', 'The heating runs on gas.'],
  ['quotes', `He said: "O'Reilly & Sons | 100% \\ co-op".`],
] as const;

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
  await client.upsert(
    documents.map(([externalId, body]) => ({ externalId, collection: 'c', title: externalId, body })),
  );
  await gateway.embedAll();
});
afterAll(() => gateway.close());

/** External ids of all hits, in the order of the alphabet. */
async function find(text: string, mode: 'HYBRID' | 'SEMANTIC' | 'KEYWORD' = 'KEYWORD'): Promise<(string | null)[]> {
  return externalIds(await client.search({ text, mode }, { first: 100 })).sort();
}

const everything = documents.map(([id]) => id).sort();

describe('words', () => {
  test.each([
    ['any of them may occur', 'heating steam', ['gas', 'spa']],
    ['in any form of the language', 'heatings runs', ['gas']],
    ['in any case', 'HEATING', ['gas']],
    ['that are all stop words find nothing', 'the of and', []],
    ['a phrase in quotes must occur as such', '"hot water"', ['spa', 'tap']],
    ['a required word must occur', 'hot +steam', ['spa']],
    ['two required words must both occur', '+water +night', ['cold']],
    ['a required phrase must occur', 'water +"left tap"', ['tap']],
    ['an excluded word must not occur', 'water -steam', ['cold', 'tap']],
    ['an excluded phrase must not occur', 'water -"hot water"', ['cold']],
    ['a phrase, a required and an excluded word together', '"hot water" +comes -spa', ['tap']],
    ['an excluded word alone ranks nothing', '-steam', []],
    ['a phrase of stop words excludes nothing', 'heating "the of"', ['gas']],
    ['a required stop word excludes nothing', 'heating +the', ['gas']],
    ['an excluded stop word excludes nothing', 'heating -the', ['gas']],
    ['a word inside a word is no sign', 'co-op', ['quotes']],
    ['a sign with a space behind it is none', 'heating - steam + tap', ['gas', 'spa', 'tap']],
  ])('%s: %s', async (_, text, expected) => {
    expect(await find(text)).toEqual(expected);
  });
});

describe('conditions hold whichever half finds a passage', () => {
  test.each([
    ['hot -steam -cold', ['gas', 'quotes', 'tap']],
    ['where does the warmth come from +gas', ['gas']],
    ['"hot water"', ['spa', 'tap']],
    ['warmth -the', everything],
    ['warmth "of the"', everything],
  ])('%s', async (text, expected) => {
    expect(await find(text, 'HYBRID')).toEqual(expected);
    expect(await find(text, 'SEMANTIC')).toEqual(expected);
  });

  test('and what is excluded is not what the rest is near to', async () => {
    const scores = async (text: string) => {
      const { edges } = await client.search({ text, mode: 'SEMANTIC' });
      return new Map(edges.map(({ node, score }) => [node.externalId, score]));
    };
    const plain = await scores('water');
    const excluding = await scores('water -"gas heating"');
    expect(excluding.size).toBeGreaterThan(2);
    for (const [externalId, score] of excluding) expect(score).toBeCloseTo(plain.get(externalId)!, 6);
  });
});

test('the only hit by relative scores is the best of both halves', async () => {
  const filter = { externalId: { eq: 'spa' } };
  const { edges } = await client.search({ text: 'steam', filter, fusion: { method: 'RELATIVE_SCORE' } });
  expect(edges.map(({ score }) => score)).toEqual([1]);
});

describe('marks that mean something elsewhere', () => {
  test.each([
    `'`,
    `''`,
    `";`,
    `"`,
    `"""`,
    `+`,
    `-`,
    `- -`,
    `!`,
    `& | ! ( ) <-> :*`,
    `steam & !hot`,
    `steam:*`,
    `steam <-> hot`,
    `\\`,
    `\\'; drop table documents; --`,
    `$1 $2 %s {} []`,
    `"unclosed steam`,
    `-"unclosed`,
    `+"" -""`,
    `*`,
    `%`,
    `_`,
    `O'Reilly`,
    `-O'Reilly steam`,
    `+100% steam`,
    '\u202e\u200b steam',
    'e\u0301te\u0301',
    '😀 steam',
    'steam '.repeat(1_300),
    Array.from({ length: 1_300 }, (_, i) => `w${i}`).join(' '),
    Array.from({ length: 1_000 }, (_, i) => `-w${i}`).join(' '),
    '"'.repeat(8_000),
  ])('are only text in a query: %j', async (text) => {
    for (const mode of ['KEYWORD', 'HYBRID'] as const) {
      for (const id of await find(text, mode)) expect(everything).toContain(id);
    }
    expect(await find('heating')).toEqual(['gas']);
  });

  test('are found where they stand in a document', async () => {
    expect(await find(`"O'Reilly & Sons"`)).toEqual(['quotes']);
    expect(await find(`+O'Reilly`)).toEqual(['quotes']);
  });
});
