import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoTenants, readDemoDocuments } from '../../src/cli/demo-data.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { dataOf } from '../support/graphql-answer.ts';

interface Found {
  readonly edges: readonly {
    readonly score: number;
    readonly cursor: string;
    readonly node: { readonly id: string };
  }[];
}

const [tenant = ''] = demoTenants;
const fragment =
  'fragment Hits on SearchResult { ... on SearchConnection { edges { score cursor node { id } chunk { id } scores { vector keyword } } } }';
const questions = Array.from(
  { length: 20 },
  (_, index) => `question ${index} about rooms, keys and ${'a'.repeat(index)}`,
);

describe('many searches of one request', () => {
  let api: TestGateway;
  let token: string;

  beforeAll(async () => {
    api = await openTestGateway();
    for (const each of demoTenants) await api.upsert(each, await readDemoDocuments(each));
    await api.embedAll();
    token = await api.tokenFor(tenant);
  });
  afterAll(() => api.close());

  async function ask(inputs: readonly object[]) {
    const names = inputs.map((_, index) => `i${index}`);
    const query = `query(${names.map((name) => `$${name}: SearchInput!`)}) {
      ${names.map((name) => `${name}: search(input: $${name}, first: 5) { ...Hits }`).join('\n')} } ${fragment}`;
    const variables = Object.fromEntries(inputs.map((input, index) => [`i${index}`, input]));
    return api.graphql<Record<string, Found>>(token, query, variables);
  }

  /** What the gateway sends to the database meanwhile. */
  async function sentBy(work: () => Promise<unknown>) {
    const sent: string[] = [];
    const { pool } = api.deps.database;
    const watch = (client: { query: (...args: unknown[]) => unknown }) => {
      const { query } = client;
      client.query = (...args) => {
        sent.push((args[0] as { text: string }).text);
        return query.apply(client, args);
      };
      pool.once('release', () => {
        client.query = query;
      });
    };
    pool.on('acquire', watch as never);
    await work();
    pool.off('acquire', watch as never);
    return sent;
  }

  it('travel in one flight, and as one statement where they differ in text alone', async () => {
    // What the tenant was tuned to is read once in a while, in a flight of its own.
    await ask([{ text: 'a quiet room' }]);
    const sent = await sentBy(async () => dataOf(await ask(questions.map((text) => ({ text })))));
    expect(sent).toHaveLength(3);
    expect(sent[0]).toMatch(/^begin read only;/);
    expect(sent[1]).toContain('cross join lateral');
    expect(sent[2]).toBe('commit');
  });

  it.each(['HYBRID', 'SEMANTIC', 'KEYWORD'])('answer as each would alone: %s', async (mode) => {
    const inputs = questions.map((text) => ({ text, mode }));
    const together = dataOf(await ask(inputs));
    for (const [index, input] of inputs.entries()) {
      const alone = dataOf(await ask([input])).i0;
      expect(together[`i${index}`]).toEqual(alone);
    }
    expect(new Set(Object.values(together).map((found) => JSON.stringify(found))).size).toBeGreaterThan(10);
  });

  it('answer as each would alone when they are of several shapes', async () => {
    const text = 'a quiet room';
    const inputs = [
      { text },
      { text: 'late breakfast' },
      { text, mode: 'SEMANTIC', groupBy: 'CHUNK' },
      { text: 'late breakfast', mode: 'SEMANTIC', groupBy: 'CHUNK' },
      { text, minScore: 0.3 },
      { text, filter: { title: { startsWith: 'A' } } },
      { text: 'late breakfast', filter: { title: { startsWith: 'B' } } },
      { text: '"late" breakfast' },
      { text: '"early" breakfast' },
      { text, recall: { profile: 'EXACT' } },
    ];
    const together = dataOf(await ask(inputs));
    for (const [index, input] of inputs.entries()) {
      expect(together[`i${index}`], JSON.stringify(input)).toEqual(dataOf(await ask([input])).i0);
    }
  });

  it('answer although one of them has no answer', async () => {
    const inputs = [{ text: 'a quiet room' }, { text: '\u4e00\u4e8c', mode: 'SEMANTIC' }, { text: 'late breakfast' }];
    const { i0, i1, i2 } = dataOf(await ask(inputs));
    expect(i1).toEqual({});
    expect([i0?.edges.length, i2?.edges.length]).toEqual([5, 5]);
  });
});
