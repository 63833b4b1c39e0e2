import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttributeType } from '../../src/attribute.ts';
import type { DocumentFilter } from '../../src/filter.ts';
import { type FilteredDocument, passes } from '../support/filter-oracle.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { type Client, externalIds, openClient } from '../support/operations.ts';

/** Names and values that would do harm if any of them reached a statement as it is. */
const hostile = [
  `'; drop table documents; --`,
  `a' or '1'='1`,
  `"quoted"`,
  `back\\slash`,
  '$1',
  '{}',
  'a.b',
  '%_',
  '',
  ' ',
  '💥',
  'é',
  '-- x',
  'null',
];
const keys = ['year', 'topic', 'open', ...hostile];

const values: unknown[] = ['2024', 'roses', 2024, 2025.5, -1, 0, 1e21, true, false, null, [1], { a: 1 }, ...hostile];
const collections = ['guides', 'news', `o'clock`, 'Guides'];

/** Of the declared attributes: which names, and as what. One name is declared as two types, and one collection declares none. */
const declarations: Record<string, Record<string, AttributeType>> = {
  guides: { rank: 'number', label: 'text', opened: 'date', tags: 'text_list', public: 'boolean' },
  news: { rank: 'number', tags: 'text_list', opened: 'date' },
  "o'clock": { rank: 'text', label: 'text_list' },
  Guides: {},
};
const lists = [['a'], ['a', 'b', 'a'], [], ['b', 'c', ...hostile.slice(0, 3)], hostile];
const moments = ['2024-01-31', '2024-01-31T00:00:00Z', '2024-01-31T00:30:00.5+01:00', '1999-12-31T23:59:59.999Z'];
const valuesOf: Record<AttributeType, readonly unknown[]> = {
  text: ['x', '2024', 'xy', ...hostile],
  number: [2024, 2025.5, -1, 0, 1e21, 3],
  boolean: [true, false],
  date: moments,
  text_list: lists,
};

/** Values of declared attributes, absent and null ones among them; where a collection declares nothing, any value. */
function attributesOf(collection: string, i: number): Record<string, unknown> {
  const names = ['rank', 'label', 'opened', 'tags', 'public'];
  return Object.fromEntries(
    names.flatMap((name, k) => {
      const type = declarations[collection]?.[name] ?? 'text';
      const pool = [...valuesOf[type], null];
      return (i + k) % 4 === 0 ? [] : [[name, pool[(i * 3 + k) % pool.length]]];
    }),
  );
}

/** Every key meets every value, and none of them. */
const documents: FilteredDocument[] = Array.from({ length: 60 }, (_, i) => ({
  externalId: `d${String(i).padStart(2, '0')}`,
  collection: collections[i % collections.length]!,
  title: i % 5 === 0 ? hostile[i % hostile.length]?.trim() || 'plain' : `Title ${i % 7}`,
  status: ['published', 'draft', `'; --`][i % 3]!,
  declared: declarations[collections[i % collections.length]!]!,
  metadata: {
    ...Object.fromEntries(
      keys.flatMap((key, k) => ((i + k) % 3 === 0 ? [] : [[key, values[(i * 5 + k) % values.length]]])),
    ),
    ...attributesOf(collections[i % collections.length]!, i),
  },
}));

let gateway: TestGateway;
let client: Client;

beforeAll(async () => {
  gateway = await openTestGateway();
  client = await openClient(gateway, 'alpha');
  const halfWay = documents.length / 2;
  const toInput = ({ declared: _, ...document }: FilteredDocument) => ({
    ...document,
    body: 'The same words in every document.',
  });
  // Half of the documents are there before their collections declare anything.
  await client.upsert(documents.slice(0, halfWay).map(toInput));
  for (const [name, declared] of Object.entries(declarations)) {
    const attributes = Object.entries(declared).map(([key, type]) => ({ name: key, type: type.toUpperCase() }));
    const { collection } = await client.define({ name, attributes });
    expect(collection.attributes).toEqual(attributes);
  }
  await client.upsert(documents.slice(halfWay).map(toInput));
  await gateway.embedAll();
});
afterAll(() => gateway.close());

const idsOf = (some: readonly FilteredDocument[]) => some.map(({ externalId }) => externalId);
const expected = (filter: DocumentFilter) => idsOf(documents.filter((document) => passes(document, filter)));
const list = async (filter: unknown) => externalIds(await client.documents(filter, { first: 100 }));
const find = async (input: object) =>
  externalIds(await client.search({ text: 'same words', ...input }, { first: 100 })).sort();

describe('a filter', () => {
  const filters: [string, DocumentFilter][] = [
    ['nothing', {}],
    ['a collection', { collection: { eq: 'guides' } }],
    ['another collection', { collection: { neq: 'guides' } }],
    ['one of some collections', { collection: { in: ['guides', `o'clock`, 'none'] } }],
    ['none of no collections', { collection: { in: [] } }],
    ['the beginning of a collection', { collection: { startsWith: 'g' } }],
    ['an external id', { externalId: { eq: 'd07' } }],
    ['a beginning with a wildcard in it', { externalId: { startsWith: 'd%' } }],
    ['a title', { title: { eq: 'Title 3' } }],
    ['both of two fields', { title: { startsWith: 'Title' }, collection: { eq: 'news' } }],
    ['a text attribute', { metadata: [{ key: 'year', text: { eq: '2024' } }] }],
    ['a number attribute', { metadata: [{ key: 'year', number: { eq: 2024 } }] }],
    ['a number above', { metadata: [{ key: 'year', number: { gt: 0 } }] }],
    ['a number within', { metadata: [{ key: 'year', number: { gte: -1, lt: 2025 } }] }],
    ['one of some numbers', { metadata: [{ key: 'year', number: { in: [2024, 1e21] } }] }],
    ['a yes', { metadata: [{ key: 'open', boolean: { eq: true } }] }],
    ['no number at all', { metadata: [{ key: 'year', number: { is: 'NULL' } }] }],
    ['some number', { metadata: [{ key: 'year', number: { is: 'NOT_NULL' } }] }],
    ['another text, but a text', { metadata: [{ key: 'topic', text: { neq: 'roses' } }] }],
    ['a status', { status: { eq: 'draft' } }],
    ['another status', { status: { neq: 'draft' } }],
    ['a declared number', { attributes: [{ name: 'rank', number: { eq: 2024 } }] }],
    ['a declared number within', { attributes: [{ name: 'rank', number: { gte: -1, lt: 2025 } }] }],
    ['one of some declared numbers', { attributes: [{ name: 'rank', number: { in: [3, 1e21] } }] }],
    ['no declared number', { attributes: [{ name: 'rank', number: { is: 'NULL' } }] }],
    ['some declared number', { attributes: [{ name: 'rank', number: { is: 'NOT_NULL' } }] }],
    ['what another collection declares as a text', { attributes: [{ name: 'rank', text: { eq: '2024' } }] }],
    ['the beginning of a declared text', { attributes: [{ name: 'label', text: { startsWith: 'x' } }] }],
    ['no declared text', { attributes: [{ name: 'label', text: { is: 'NULL' } }] }],
    ['a declared yes', { attributes: [{ name: 'public', boolean: { eq: true } }] }],
    ['a day', { attributes: [{ name: 'opened', date: { eq: new Date('2024-01-31') } }] }],
    ['a moment before', { attributes: [{ name: 'opened', date: { lt: new Date('2024-01-31') } }] }],
    ['a text of a list', { attributes: [{ name: 'tags', textList: { contains: 'a' } }] }],
    ['any text of a list', { attributes: [{ name: 'tags', textList: { containsAny: ['c', `''`] } }] }],
    ['all texts of a list', { attributes: [{ name: 'tags', textList: { containsAll: ['b', 'a', 'b'] } }] }],
    ['no texts of a list', { attributes: [{ name: 'tags', textList: { containsAll: [] } }] }],
    ['no list', { attributes: [{ name: 'tags', textList: { is: 'NULL' } }] }],
    ['a list that is a text elsewhere', { attributes: [{ name: 'label', textList: { is: 'NOT_NULL' } }] }],
    ['no such declared number', { not: { attributes: [{ name: 'rank', number: { gt: 0 } }] } }],
    ['an attribute that nobody declares', { attributes: [{ name: 'year', number: { eq: 2024 } }] }],
    ['an attribute that none has', { metadata: [{ key: 'nothing', text: { eq: 'x' } }] }],
    ['an attribute that none lacks', { not: { metadata: [{ key: 'nothing', text: { eq: 'x' } }] } }],
    [
      'two attributes',
      {
        metadata: [
          { key: 'year', number: { gt: 0 } },
          { key: 'topic', text: { is: 'NOT_NULL' } },
        ],
      },
    ],
    ['two types of one attribute', { metadata: [{ key: 'year', number: { gt: 0 }, text: { eq: 'x' } }] }],
    ['one of several', { or: [{ collection: { eq: 'news' } }, { title: { eq: 'Title 1' } }] }],
    ['one of none', { or: [] }],
    ['all of none', { and: [] }],
    ['not', { not: { metadata: [{ key: 'year', number: { eq: 2024 } }] } }],
    ['not not', { not: { not: { metadata: [{ key: 'year', number: { eq: 2024 } }] } } }],
    ['deep down', { and: [{ or: [{ not: { and: [{ collection: { eq: 'news' } }] } }] }] }],
  ];

  test.each(filters)('of %s selects the same documents in a list and in every search', async (_, filter) => {
    const ids = expected(filter);
    expect(await list(filter)).toEqual(ids);
    for (const mode of ['HYBRID', 'SEMANTIC', 'KEYWORD']) expect(await find({ mode, filter })).toEqual(ids);
  });

  test('keeps some documents and drops others, so that these tests tell something', () => {
    const sizes = filters.map(([, filter]) => expected(filter).length);
    expect(sizes.filter((size) => size > 0 && size < documents.length).length).toBeGreaterThan(30);
  });

  test('may hold anything as a key or a value: it is text and nothing else', async () => {
    for (const key of keys) {
      for (const value of hostile) {
        const filter = { metadata: [{ key, text: { eq: value } }] };
        expect(await list(filter), JSON.stringify(filter)).toEqual(expected(filter));
      }
    }
    for (const value of hostile) {
      const filter = {
        or: [{ title: { eq: value } }, { collection: { startsWith: value } }, { externalId: { in: [value] } }],
      };
      expect(await list(filter), JSON.stringify(filter)).toEqual(expected(filter));
    }
  });
});

describe('moments', () => {
  test('divide documents by when they were stored and changed', async () => {
    const moment = (
      await client.query<{ documents: { edges: { node: { createdAt: string } }[] } }>(
        '{ documents(first: 1) { edges { node { createdAt } } } }',
      )
    ).documents.edges[0]!.node.createdAt;
    const after = new Date(Date.parse(moment) + 86_400_000).toISOString();
    const before = new Date(Date.parse(moment) - 86_400_000).toISOString();
    const everything = idsOf(documents);
    expect(await list({ createdAt: { gte: before, lt: after } })).toEqual(everything);
    expect(await list({ createdAt: { gt: after } })).toEqual([]);
    expect(await list({ updatedAt: { lte: before } })).toEqual([]);
    expect(await list({ not: { updatedAt: { lte: before } } })).toEqual(everything);
  });
});

describe('collections', () => {
  test.each([[['guides']], [['guides', 'news', 'none']], [[`o'clock`]], [['none']], [[]]])(
    'of a search are %j',
    async (names) => {
      const ids = idsOf(documents.filter(({ collection }) => names.includes(collection)));
      expect(await find({ collections: names })).toEqual(ids);
    },
  );

  test('and a filter both hold', async () => {
    const ids = idsOf(documents.filter(({ collection, title }) => collection === 'news' && title === 'Title 2'));
    expect(await find({ collections: ['news'], filter: { title: { eq: 'Title 2' } } })).toEqual(ids);
  });
});

describe('any filter', () => {
  const text = fc.constantFrom(...hostile, 'roses', '2024', 'Title 3', 'guides', 'd07', 'Title');
  const number = fc.constantFrom(2024, 2025.5, -1, 0, 1e21, 3);
  const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
  const is = optional(fc.constantFrom('NULL' as const, 'NOT_NULL' as const));
  const textCondition = fc.record({
    eq: optional(text),
    neq: optional(text),
    startsWith: optional(text),
    in: optional(fc.array(text, { maxLength: 3 })),
    is,
  });
  const numberCondition = fc.record({
    eq: optional(number),
    neq: optional(number),
    gt: optional(number),
    gte: optional(number),
    lt: optional(number),
    lte: optional(number),
    in: optional(fc.array(number, { maxLength: 3 })),
    is,
  });
  const attribute = fc.record({
    key: fc.constantFrom(...keys),
    text: optional(textCondition),
    number: optional(numberCondition),
    boolean: optional(fc.record({ eq: optional(fc.boolean()), is })),
  });
  const moment = fc.constantFrom(...moments.map((one) => new Date(one)));
  const declared = fc.record({
    name: fc.constantFrom('rank', 'label', 'opened', 'tags', 'public', 'year'),
    text: optional(textCondition),
    number: optional(numberCondition),
    boolean: optional(fc.record({ eq: optional(fc.boolean()), is })),
    date: optional(
      fc.record({
        eq: optional(moment),
        gt: optional(moment),
        gte: optional(moment),
        lt: optional(moment),
        lte: optional(moment),
        is,
      }),
    ),
    textList: optional(
      fc.record({
        contains: optional(text),
        containsAny: optional(fc.array(text, { maxLength: 3 })),
        containsAll: optional(fc.array(text, { maxLength: 3 })),
        is,
      }),
    ),
  });
  const { filter } = fc.letrec<{ filter: DocumentFilter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 3 },
      fc.record({
        collection: optional(textCondition),
        title: optional(textCondition),
        status: optional(textCondition),
        attributes: optional(fc.array(declared, { maxLength: 2 })),
        metadata: optional(fc.array(attribute, { maxLength: 2 })),
      }),
      fc.record({ and: fc.array(tie('filter'), { maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('filter'), { maxLength: 3 }) }),
      fc.record({ not: tie('filter') }),
    ) as fc.Arbitrary<DocumentFilter>,
  }));

  /** A request with more is refused. */
  const mostConditions = 64;
  const conditionsIn = (value: unknown): number => {
    if (value === null || typeof value !== 'object' || value instanceof Date) return 0;
    return Object.values(value).reduce((sum: number, inner) => sum + conditionsIn(inner), Array.isArray(value) ? 0 : 1);
  };

  test('selects what its words say', async () => {
    const property = fc.asyncProperty(filter, async (any) => {
      fc.pre(conditionsIn(any) <= mostConditions);
      expect(await list(any)).toEqual(expected(any));
    });
    await fc.assert(property, { numRuns: 400, seed: 20_260_301 });
  });
});
