import { describe, test } from 'vitest';
import { documentsQuery, searchQuery } from '../support/operations.ts';
import {
  type BadRequest,
  badInput,
  badRequest,
  isRefused,
  type UntouchedGateway,
  useUntouchedGateway,
} from '../support/untouched-gateway.ts';

const at = useUntouchedGateway();

/** Sends a vector as JSON text that `JSON.stringify` cannot write. */
const searchVector = (to: UntouchedGateway, json: string) =>
  to.post(JSON.stringify({ query: searchQuery, variables: { input: { vector: '@' } } }).replace('"@"', json));

const dimensions = 512;
const components = (component: string) => `[${Array(dimensions).fill(component).join()}]`;

const texts: BadRequest[] = [
  {
    name: 'an empty text',
    ...badInput,
    says: /text is empty; give it at least one/,
    send: (to) => to.search({ text: '' }),
  },
  { name: 'a text of blanks', ...badInput, says: /text is empty/, send: (to) => to.search({ text: ' \n\t\u2003' }) },
  {
    name: 'a megabyte of text',
    ...badInput,
    says: /1000000 characters; at most 8000/,
    send: (to) => to.search({ text: 'x'.repeat(1_000_000) }),
  },
  { name: 'a text with NUL', ...badInput, says: /NUL/, send: (to) => to.search({ text: 'hot\0water' }) },
  {
    name: 'half of a surrogate pair',
    ...badInput,
    says: /half of a surrogate pair/,
    send: (to) => to.search({ text: 'hot \ud83d' }),
  },
  {
    name: 'neither text nor vector',
    ...badInput,
    says: /one of "text", "vector", .* and "recommend"; none came/,
    send: (to) => to.search({}),
  },
  {
    name: 'text and vector',
    ...badInput,
    says: /one of "text", .*; "text" and "vector" came/,
    send: (to) => to.search({ text: 'x', vector: [1] }),
  },
];

const vectors: BadRequest[] = [
  {
    name: 'a vector that is too short',
    ...badInput,
    says: /2 components: this model's vectors have 512/,
    send: (to) => searchVector(to, '[1, 2]'),
  },
  {
    name: 'a vector that is too long',
    ...badInput,
    says: /100000 components: .* have 512/,
    send: (to) => searchVector(to, `[${Array(100_000).fill('1').join()}]`),
  },
  { name: 'an empty vector', ...badInput, says: /0 components: .* have 512/, send: (to) => searchVector(to, '[]') },
  {
    name: 'a vector of zeros',
    ...badInput,
    says: /no direction: all of its 512 components are zero/,
    send: (to) => searchVector(to, components('0')),
  },
  {
    name: 'a vector whose first 256 components are zero',
    ...badInput,
    says: /first 256 components are all zero/,
    send: (to) => searchVector(to, `[${[...Array(256).fill(0), ...Array(256).fill(1)]}]`),
  },
  {
    name: 'NaN as JSON has it, null',
    ...badInput,
    says: /got invalid value null at "input\.vector\[0\]"/,
    send: (to) => searchVector(to, components('null')),
  },
  {
    name: 'NaN as a word',
    ...badRequest,
    says: /not JSON: Unexpected token 'N'/,
    send: (to) => searchVector(to, components('NaN')),
  },
  {
    name: 'NaN as a text',
    ...badInput,
    says: /invalid value "NaN" at "input\.vector\[0\]"/,
    send: (to) => searchVector(to, components('"NaN"')),
  },
  {
    name: 'a number beyond float64',
    ...badInput,
    says: /invalid value Infinity at "input\.vector\[0\]"/,
    send: (to) => searchVector(to, components('1e999')),
  },
  {
    name: 'a vector in the mode KEYWORD',
    ...badInput,
    says: /its mode is SEMANTIC, not KEYWORD/,
    send: (to) => to.search({ vector: Array(dimensions).fill(1), mode: 'KEYWORD' }),
  },
];

/** A vector as base64 of float32 numbers. */
const packed = (count: number, component: number) =>
  Buffer.from(new Float32Array(count).fill(component).buffer).toString('base64');

vectors.push(
  ...(
    [
      ['that is no base64', 'not base64!', /not the base64 of whole little-endian float32/],
      ['with half a number', 'AAAA', /not the base64 of whole little-endian float32/],
      ['that is too short', packed(2, 1), /2 components: .* have 512/],
      ['of zeros', packed(dimensions, 0), /no direction/],
      ['of NaN', packed(dimensions, Number.NaN), /component 0 is NaN: every component must be a finite number/],
      ['of infinities', packed(dimensions, Number.NEGATIVE_INFINITY), /component 0 is -Infinity/],
    ] as const
  ).map(([what, vectorBase64, says]) => ({
    name: `a packed vector ${what}`,
    ...badInput,
    says,
    send: (to: UntouchedGateway) => to.search({ vectorBase64 }),
  })),
);

const document = Buffer.from('Document:00000000-0000-7000-8000-000000000000').toString('base64');
const examples: BadRequest[] = (
  [
    ['an example that is no id', { similarTo: 'garbage' }, /"garbage" is the id of neither a document nor a chunk/],
    ['an example of another kind', { similarTo: 'VGVuYW50OjE=' }, /the id of neither/],
    ['no positive example', { recommend: { positive: [] } }, /no positive example; give it at least one/],
    ['33 examples', { recommend: { positive: Array(33).fill(document) } }, /33 examples; at most 32/],
    ['an example in the mode HYBRID', { similarTo: document, mode: 'HYBRID' }, /its mode is SEMANTIC, not HYBRID/],
  ] as const
).map(([name, input, says]) => ({ name, ...badInput, says, send: (to) => to.search(input) }));

const wishes: BadRequest[] = (
  [
    ['a recall of nothing', { recall: { target: 0 } }, /0/],
    ['a recall above one', { recall: { target: 1.1 } }, /1\.1/],
    ['two ways to say how far', { recall: { profile: 'HIGH' }, candidates: 50 }, /give one of them/],
    ['a profile and a target', { recall: { profile: 'HIGH', target: 0.9 } }, /Exactly one key must be specified/],
    ['neither a profile nor a target', { recall: {} }, /Exactly one key must be specified/],
    ['a target of null', { recall: { target: null } }, /must be non-null/],
    ['a negative weight', { fusion: { keywordWeight: -1 } }, /-1/],
    ['weights of nothing', { fusion: { keywordWeight: 0, semanticWeight: 0 } }, /./],
    ['a rank constant of zero', { fusion: { rankConstant: 0 } }, /./],
  ] as const
).map(([name, input, says]) => ({ name, ...badInput, says, send: (to) => to.search({ text: 'hot water', ...input }) }));

const pages: BadRequest[] = [-1, 0, 101, 1_001, 2_147_483_647].flatMap((first) => [
  {
    name: `a search for the first ${first}`,
    ...badInput,
    says: RegExp(`"first" is ${first}; .* 1 to 100`),
    send: (to) => to.search({ text: 'hot water' }, { first }),
  },
  {
    name: `a list of the first ${first}`,
    ...badInput,
    says: RegExp(`"first" is ${first}; .* 1 to 100`),
    send: (to) => to.send(documentsQuery, { first }),
  },
]);
pages.push(
  {
    name: 'half a hit',
    ...badInput,
    says: /"\$first" got invalid value 1\.5/,
    send: (to) => to.search({ text: 'x' }, { first: 1.5 }),
  },
  {
    name: 'three billion hits',
    ...badInput,
    says: /invalid value 3000000000/,
    send: (to) => to.search({ text: 'x' }, { first: 3e9 }),
  },
  {
    name: 'too few candidates',
    ...badInput,
    says: /"candidates" is 9; .* 10 to 1000/,
    send: (to) => to.search({ text: 'x', candidates: 9 }),
  },
  {
    name: 'too many candidates',
    ...badInput,
    says: /"candidates" is 1001; .* 10 to 1000/,
    send: (to) => to.search({ text: 'x', candidates: 1_001 }),
  },
);

const filters: BadRequest[] = [
  {
    name: 'a filter with NUL',
    ...badInput,
    says: /NUL/,
    send: (to) => to.search({ text: 'x', filter: { metadata: [{ key: 'a\0', text: { eq: 'b' } }] } }),
  },
  {
    name: 'a filter with too many conditions',
    ...badInput,
    says: /more than 64 conditions/,
    send: (to) => to.search({ text: 'x', filter: { or: Array(65).fill({ title: { eq: 'x' } }) } }),
  },
  {
    name: 'a filter with too long a list',
    ...badInput,
    says: /a list of 101; at most 100/,
    send: (to) => to.search({ text: 'x', filter: { title: { in: Array(101).fill('x') } } }),
  },
  {
    name: 'a filter by a day that never was',
    ...badInput,
    says: /"input\.filter\.createdAt\.gt"/,
    send: (to) => to.search({ text: 'x', filter: { createdAt: { gt: '2026-02-30T00:00:00Z' } } }),
  },
  {
    name: 'too many collections',
    ...badInput,
    says: /"collections" names 33; at most 32/,
    send: (to) => to.search({ text: 'x', collections: Array(33).fill('x') }),
  },
  {
    name: 'a collection with NUL',
    ...badInput,
    says: /NUL/,
    send: (to) => to.search({ text: 'x', collections: ['a\0b'] }),
  },
];

describe.each([
  ['a text to search for', texts],
  ['a vector to search for', vectors],
  ['an example', examples],
  ['a wish', wishes],
  ['a page', pages],
  ['a filter', filters],
])('%s outside its limits', (_, requests) => {
  test.each(requests)('is $code with status $status: $name', isRefused(at));
});
