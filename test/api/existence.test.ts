import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { globalId, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';
import { deleteMutation } from '../support/operations.ts';

/** Pairs of requests that are timed, the one and the other first by turns. */
const pairs = 150;
/**
 * What cannot be told apart is slower in half of the pairs, however busy the machine: of 150 pairs fewer than 30 % or more
 * than 70 % happens by chance once in a million times.
 */
const chance = { least: 0.3, most: 0.7 };

type Operation = readonly [name: string, query: string, variables: (id: string) => Record<string, unknown>];

const fields = 'id title body metadata pendingChunks';
const operations: readonly Operation[] = [
  ['document', `query($id: ID!) { document(id: $id) { ${fields} } }`, (id) => ({ id })],
  ['node', `query($id: ID!) { node(id: $id) { ... on Document { ${fields} } } }`, (id) => ({ id })],
  [
    'similarTo',
    `query($input: SearchInput!) { search(input: $input) { __typename ... on SearchConnection { edges { node { ${fields} } } } ... on Error { code message } } }`,
    (id) => ({ input: { similarTo: id } }),
  ],
  ['deleteDocuments', deleteMutation, (id) => ({ ids: [id] })],
  [
    'explainMissing',
    `query($id: ID!) { explainMissing(documentId: $id, input: { text: "hot water" }) { __typename ... on MissingExplanation { reason rank } ... on Error { code message } } }`,
    (id) => ({ id }),
  ],
  [
    '_entities',
    `query($of: [_Any!]!) { _entities(representations: $of) { ... on Document { ${fields} } } }`,
    (id) => ({ of: [{ __typename: 'Document', id }] }),
  ],
];

let gateway: TestGateway;
let north: LookAlike;
let own: string[];
let foreign: string[];
let absent: string[];
beforeAll(async () => {
  gateway = await openTestGateway({ federation: true });
  let south: LookAlike;
  [north, south] = await openLookAlikes(gateway);
  foreign = [...south.ids.values()];
  absent = foreign.map(() => globalId('Document', randomUUID()));
  const long = 'A sentence of a long document, which takes a while to send. '.repeat(500);
  const stored = await north.client.upsert(
    foreign.map((_, index) => ({ externalId: `long-${index}`, collection: 'long', title: 'Long', body: long })),
  );
  own = stored.map(({ id }) => id);
  await gateway.embedAll();
});
afterAll(() => gateway.close());

async function timed([, query, variables]: Operation, id: string): Promise<{ answer: Answer; ms: number }> {
  const startMs = performance.now();
  const answer = await gateway.graphql(north.client.token, query, variables(id));
  return { answer, ms: performance.now() - startMs };
}

/** Everything of an answer that its receiver can see, but for what differs from any request to the next. */
function visible({ status, headers, text }: Answer, id: string): unknown {
  const requestId = headers.get('x-request-id') ?? '';
  const kept = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name));
  return { status, headers: kept, text: text.replaceAll(requestId, 'REQUEST').replaceAll(id, 'ID') };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** How often the first of two kinds of ids takes longer, and by how much, in the middle, of what the other takes. */
async function compare(operation: Operation, one: readonly string[], other: readonly string[]) {
  const differences: number[] = [];
  const times: number[] = [];
  for (let pair = -10; pair < pairs; pair++) {
    const at = (pair + 10) % one.length;
    const kinds = [one[at] as string, other[at] as string];
    // Neither kind always pays for what the other left behind.
    if (pair % 2) kinds.reverse();
    const measured = [(await timed(operation, kinds[0] as string)).ms, (await timed(operation, kinds[1] as string)).ms];
    if (pair % 2) measured.reverse();
    // The first rounds compile and fill caches.
    if (pair < 0) continue;
    const [ofOne = 0, ofOther = 0] = measured;
    differences.push(ofOne - ofOther);
    times.push(ofOther);
  }
  const share = differences.filter((difference) => difference > 0).length / pairs;
  return { share, excess: median(differences) / median(times) };
}

describe("another tenant's document is, to everybody else, one that does not exist", () => {
  test.each(operations)('to %s in every byte of the answer', async (...operation) => {
    for (const [index, id] of foreign.entries()) {
      const [ofForeign, ofAbsent] = [await timed(operation, id), await timed(operation, absent[index] as string)];
      expect(visible(ofForeign.answer, id)).toEqual(visible(ofAbsent.answer, absent[index] as string));
    }
    const [id = ''] = own;
    if (operation[0] === 'deleteDocuments') return;
    const ofOwn = await timed(operation, id);
    expect(visible(ofOwn.answer, id), 'an own one is told from it').not.toEqual(
      visible((await timed(operation, absent[0] as string)).answer, absent[0] as string),
    );
  });

  test.each(operations)('to %s in time', async (...operation) => {
    const { share, excess } = await compare(operation, foreign, absent);
    const isTold = (share < chance.least || share > chance.most) && Math.abs(excess) > 0.05;
    expect(isTold, `slower in ${(100 * share).toFixed(0)} % of the pairs, by ${(100 * excess).toFixed(1)} %`).toBe(
      false,
    );
  });

  test('and the same measure tells a document that exists from one that does not', async () => {
    const [document] = operations as [Operation];
    const { share, excess } = await compare(document, own, absent);
    expect(share).toBeGreaterThan(chance.most);
    expect(excess).toBeGreaterThan(0.05);
  });

  test('and nothing of it was deleted', async () => {
    const { rows } = await gateway.db.owner.query<{ count: number }>(
      `select count(*)::int as count from documents where tenant_id = 'south'`,
    );
    expect(rows).toEqual([{ count: foreign.length }]);
  });
});
