import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { searchQuery } from '../support/operations.ts';
import { expectRefusal } from '../support/refusal.ts';

/** Milliseconds of a core, so that it makes no difference what else the machine does. */
const mostMs = 50;
const rounds = 5;
const megabyte = 1_000_000;
/** Just within MAX_BODY_BYTES. */
const largest = 4_190_000;

interface Abuse {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  /** Made anew for each round, as no two requests of an attacker need be the same. */
  body(round: number): string | (() => Readable);
  readonly headers?: Record<string, string>;
}

const request = (query: string, rest: object = {}) => JSON.stringify({ query, ...rest });
const repeat = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => part(i)).join(' ');
const tooLarge = { status: 413, code: 'PAYLOAD_TOO_LARGE' };
const bad = { status: 400, code: 'BAD_REQUEST' };
const deep = { status: 400, code: 'BAD_USER_INPUT' };
const limit = { status: 400, code: 'QUERY_LIMIT_EXCEEDED' };

/** Requests of bytes, where test/api/query-limits.test.ts has those of GraphQL. */
const abuses: readonly Abuse[] = [
  { name: 'a body of 10 MB', ...tooLarge, body: (round) => `${round}${'x'.repeat(10 * megabyte)}` },
  {
    name: 'a query in 10 MB of spaces',
    ...tooLarge,
    body: () => `${' '.repeat(10 * megabyte)}${request('{ __typename }')}`,
  },
  {
    name: 'a body of 10 MB in pieces of unknown number',
    ...tooLarge,
    body: () => () => Readable.from(Array.from({ length: 160 }, () => Buffer.alloc(65_536, 0x20))),
  },
  { name: 'a batch of two', ...bad, body: () => `[${request('{ __typename }')},${request('{ __typename }')}]` },
  {
    name: 'a batch of a hundred thousand',
    ...deep,
    body: () => `[${Array(100_000).fill(request('{ __typename }')).join(',')}]`,
  },
  { name: 'an empty batch', ...bad, body: () => '[]' },
  { name: '4 MB that are not JSON', ...bad, body: () => 'x'.repeat(largest) },
  { name: '4 MB of open brackets', ...deep, body: () => '['.repeat(largest) },
  {
    name: 'a hundred thousand fields of the body',
    ...deep,
    body: () => `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(',')}}`,
  },
  {
    name: 'a query of 4 MB of spaces',
    ...limit,
    body: (round) => request(`${' '.repeat(largest)}${round}`),
  },
  {
    name: 'a query of 4 MB of comments',
    ...limit,
    body: (round) => request(`${'#\n'.repeat(largest / 4)}${round}`),
  },
  {
    name: 'a name of 4 MB',
    ...limit,
    body: (round) => request(`{ a${round}${'a'.repeat(largest - 100)} }`),
  },
  {
    name: 'a string of 4 MB in a query',
    ...limit,
    body: (round) =>
      request(
        `{ ${'a '.repeat(1_500)} b${round}: search(input: { text: "${'x'.repeat(largest - 5_000)}" }) { __typename } }`,
      ),
  },
  {
    name: 'two hundred aliases of the schema',
    ...limit,
    body: (round) =>
      request(`{ ${repeat(200, (i) => `s${i}_${round}: __schema { types { name fields { name } } }`)} }`),
  },
  {
    name: 'a thousand looks at the schema',
    ...limit,
    body: (round) => request(`{ ${repeat(1_100, () => '__schema { types { name } }')} a${round} }`),
  },
  {
    name: 'the schema inside itself',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    body: (round) =>
      request(`query Q${round} { __schema { types { ${'fields { type { '.repeat(5)} name ${'} }'.repeat(5)} } } }`),
  },
  {
    name: 'three thousand directives',
    ...limit,
    body: (round) => request(`query Q${round} { viewer { subject ${'@include(if: true) '.repeat(1_000)} } }`),
  },
  {
    name: 'a circle of fragments',
    ...limit,
    body: (round) =>
      request(`query Q${round} { viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }`),
  },
  {
    name: 'a filter nested ten thousand times',
    status: 400,
    code: 'BAD_USER_INPUT',
    body: (round) =>
      `{"query": ${JSON.stringify(`#${round}\n${searchQuery}`)}, "variables": {"input": {"text": "x", "filter": ${'{"not":'.repeat(10_000)}{}${'}'.repeat(10_000)}}}}`,
  },
  {
    name: 'a list of half a million numbers in a variable',
    status: 400,
    code: 'BAD_USER_INPUT',
    body: (round) => request(`#${round}\n${searchQuery}`, { variables: { input: { vector: Array(500_000).fill(1) } } }),
  },
  {
    name: 'four million objects in each other',
    ...deep,
    body: (round) => `{"query": "{ a${round} }", "variables": ${'{"a":'.repeat(600_000)}1${'}'.repeat(600_000)}}`,
  },
  {
    name: 'quotes behind backslashes',
    ...bad,
    body: () => `{"query": "${'\\\\\\"'.repeat(largest / 5)}`,
  },
  {
    name: 'a name of 900 kB',
    ...limit,
    body: (round) => request(`{ a${round}${'a'.repeat(900_000)} }`),
  },
  {
    name: 'a number of 900 kB',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    body: (round) => request(`query Q${round} { documents(first: ${'1'.repeat(900_000)}) { edges { cursor } } }`),
  },
  {
    name: 'a block string of 400,000 lines',
    ...limit,
    body: (round) =>
      request(
        `query Q${round} { ${'a '.repeat(1_500)} search(input: { text: """${'a\n '.repeat(300_000)}""" }) { __typename } }`,
      ),
  },
  {
    name: '900 kB of comments',
    ...limit,
    body: (round) => request(`${'#\n'.repeat(450_000)}{ a${round} }`),
  },
  {
    name: '900 kB of spaces',
    status: 400,
    code: 'GRAPHQL_PARSE_FAILED',
    body: (round) => request(`${' '.repeat(900_000)}${round}`),
  },
  {
    name: 'a compressed body, which is not unpacked',
    ...bad,
    headers: { 'content-encoding': 'gzip' },
    body: () => '\x1f\x8b\x08\x00',
  },
];

describe('a request that is made to cost much', () => {
  const counted = countFlights();
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({ serveFrom: counted.serveFrom, accessFrom: counted.serveFrom });
    token = await gateway.tokenFor('alpha');
    await gateway.upsert('alpha', [
      { externalId: 'a', collection: 'c', title: 'No hot water', body: 'The boiler is off.' },
    ]);
    // What runs for the first time is not yet compiled.
    for (const { body } of abuses.slice(0, 12)) await send(body(99));
  });
  afterAll(() => gateway.close());

  function send(body: string | (() => Readable), headers: Record<string, string> = {}) {
    const sent = typeof body === 'string' ? body : (Readable.toWeb(body()) as ReadableStream);
    return gateway.send('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: sent,
      duplex: 'half',
    } as RequestInit);
  }

  function cpuMs(): number {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  }

  test.each(abuses)(
    '$name is refused with $code, before the database is asked and within 50 ms',
    async ({ status, code, body, headers }) => {
      counted.take();
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const made = body(round);
        const startMs = cpuMs();
        const answer = await send(made, headers);
        times.push(cpuMs() - startMs);
        expectRefusal(answer, { status, code, says: /./ });
      }
      expect(counted.take(), 'statements sent').toBe(0);
      expect(times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)], `${times.map(Math.round)} ms`).toBeLessThan(
        mostMs,
      );
    },
  );

  test('and one that is not is answered from the database', async () => {
    counted.take();
    const answer = await gateway.graphql(token, searchQuery, { input: { text: 'hot water', mode: 'KEYWORD' } });
    expect([answer.status, answer.errors]).toEqual([200, []]);
    expect(counted.take()).toBeGreaterThan(0);
  });
});
