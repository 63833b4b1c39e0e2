import { setTimeout as wait } from 'node:timers/promises';
import { Kind, parse } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/graphql/schema.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { expectNothingOf, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { deleteMutation, documentsQuery, searchQuery, upsertMutation } from '../support/operations.ts';
import { type Operation, tenantOperations } from '../support/tenant-operations.ts';

let gateway: TestGateway;
let north: LookAlike;
let south: LookAlike;

beforeAll(async () => {
  // Fewer connections than requests in hand: each of them serves both tenants by turns.
  gateway = await openTestGateway({ poolSize: 2 });
  [north, south] = await openLookAlikes(gateway);
});
afterAll(() => gateway.close());

async function run(operation: Operation, me: LookAlike, other: LookAlike): Promise<void> {
  const answer = await gateway.graphql(me.client.token, ...operation.send(me, other));
  expectNothingOf(other, answer);
  const expected = operation.expected(me, other);
  const received: unknown = typeof expected === 'string' ? answer.errors[0]?.extensions?.code : answer.data;
  if (typeof expected === 'string') expect(received, operation.name).toBe(expected);
  else expect(received, `${operation.name}: ${answer.text.slice(0, 300)}`).toMatchObject(expected as object);
}

/** Everything that is stored of a tenant, with the transaction that wrote it. */
async function snapshot(tenant: string): Promise<unknown> {
  const tables = [
    'documents',
    'chunks',
    'embeddings',
    'embedding_jobs',
    'unembeddable_chunks',
    'tenant_models',
    'api_keys',
  ];
  const rows = await Promise.all(
    tables.map((table) =>
      gateway.db.owner.query(`select xmin::text, * from ${table} where tenant_id = $1 order by 2, 3, 4`, [tenant]),
    ),
  );
  return rows.map((result) => result.rows);
}

/** The same order in every run. */
function shuffle<Item>(items: Item[], seed: number): Item[] {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

test('every query and every mutation of the schema is among the operations', () => {
  const used = new Set<string>();
  for (const { send } of tenantOperations) {
    const [query] = send(north, south);
    for (const definition of parse(query).definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      for (const field of definition.selectionSet.selections) if (field.kind === Kind.FIELD) used.add(field.name.value);
    }
  }
  const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    Object.keys(type?.getFields() ?? {}),
  );
  expect(fields.filter((field) => !used.has(field))).toEqual([]);
});

describe('two tenants on one pool', () => {
  let before: unknown[];
  beforeAll(async () => {
    before = await Promise.all([snapshot('north'), snapshot('south')]);
  });
  afterEach(async () => {
    expect(await Promise.all([snapshot('north'), snapshot('south')])).toEqual(before);
  });

  test.each(tenantOperations)('see nothing of each other: $name', async (operation) => {
    await run(operation, north, south);
    await run(operation, south, north);
  });

  test('see nothing of each other while hundreds of operations of both are in hand', async () => {
    const both: [Operation, LookAlike, LookAlike][] = tenantOperations.flatMap((operation) => [
      [operation, north, south],
      [operation, south, north],
    ]);
    const all = shuffle(
      Array(Math.ceil(400 / both.length) + 1)
        .fill(both)
        .flat() as typeof both,
      20_260_301,
    );
    expect(all.length).toBeGreaterThan(400);
    await Promise.all(all.map(([operation, me, other]) => run(operation, me, other)));
  });

  test('see nothing of each other in one request of many fields', async () => {
    const fields = `viewer { tenantId } tenant { documents } collections { name }
      own: document(id: $own) { title } foreign: document(id: $foreign) { title body }
      list: documents(first: 100) { edges { node { title body } } }
      meaning: search(input: { text: "hot water" }, first: 100) { ... on SearchConnection { edges { node { body } } } }
      marker: search(input: { text: $marker, mode: KEYWORD }, first: 100) { ... on SearchConnection { edges { node { body } } } }`;
    const query = `query($own: ID!, $foreign: ID!, $marker: String!) { ${fields} }`;
    const ask = async (me: LookAlike, other: LookAlike) => {
      const variables = { own: me.ids.get('bus'), foreign: other.ids.get('bus'), marker: other.marker };
      const answer = await gateway.graphql(me.client.token, query, variables);
      expectNothingOf(other, answer);
      expect(answer.data).toMatchObject({
        viewer: { tenantId: me.tenant },
        tenant: { documents: me.documents },
        own: { title: 'The bus to town' },
        foreign: null,
        list: { edges: { length: me.documents } },
        meaning: { edges: { length: me.documents } },
        marker: { edges: [] },
      });
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? ask(north, south) : ask(south, north))));
  });
});

test('writes of two tenants with the same external ids never meet, while both read and the worker embeds', async () => {
  const rounds = 6;
  const churn = async (me: LookAlike, other: LookAlike) => {
    const answers: Answer[] = [];
    const send = async (query: string, variables: Record<string, unknown>) => {
      const answer = await gateway.graphql(me.client.token, query, variables);
      answers.push(answer);
      return answer;
    };
    for (let round = 0; round < rounds; round++) {
      const body = `Round ${round} at the ${me.marker} desk. `.repeat(20);
      const input = ['bus', 'sauna', 'fresh'].map((externalId) => ({
        externalId,
        collection: 'churn',
        title: 'Churn',
        body,
      }));
      const [, , stored] = await Promise.all([
        send(searchQuery, { input: { text: `round ${round}` }, first: 100 }),
        send(documentsQuery, { filter: { collection: { eq: 'churn' } } }),
        send(upsertMutation, { input }),
      ]);
      const ids = (stored.data as { upsertDocuments: { documents: { id: string }[] } }).upsertDocuments.documents.map(
        ({ id }) => id,
      );
      const [gone] = await Promise.all([
        send(deleteMutation, { ids: [ids[2]!, other.ids.get('boiler')!] }),
        send('{ tenant { documents chunks } }', {}),
      ]);
      expect(gone.data).toEqual({ deleteDocuments: { deletedIds: [ids[2]] } });
    }
    for (const answer of answers) {
      expect(answer.errors).toEqual([]);
      expectNothingOf(other, answer);
    }
  };
  let isDone = false;
  const embedding = (async () => {
    for (; !isDone; await wait(5)) await gateway.embedAll();
  })();
  await Promise.all([churn(north, south), churn(south, north)]);
  isDone = true;
  await embedding;
  await gateway.embedAll();
  for (const me of [north, south]) {
    const { edges } = await me.client.documents({ collection: { eq: 'churn' } });
    expect(edges.map(({ node }) => [node.externalId, node.version])).toEqual([
      ['bus', rounds],
      ['sauna', rounds],
    ]);
    const { tenant } = await me.client.query<{ tenant: { documents: number; pendingChunks: number } }>(
      '{ tenant { documents pendingChunks } }',
    );
    expect(tenant).toEqual({ documents: me.documents + 2, pendingChunks: 0 });
  }
});

test('a tenant that never wrote anything sees nothing, and counts nothing', async () => {
  const token = await gateway.tokenFor('nobody');
  const answer = await gateway.graphql(
    token,
    `{ tenant { documents chunks } collections { name } documents { edges { cursor } }
       search(input: { text: "hot water" }) { ... on SearchConnection { edges { cursor } } } }`,
  );
  expect(answer.data).toEqual({
    tenant: { documents: 0, chunks: 0 },
    collections: [],
    documents: { edges: [] },
    search: { edges: [] },
  });
});
