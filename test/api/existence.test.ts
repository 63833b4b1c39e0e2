import { randomUUID } from 'node:crypto';
import { type GraphQLInputType, getNamedType, isInputObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { subgraphSchema } from '../../src/graphql/subgraph-schema.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import type { Answer } from '../support/graphql-answer.ts';
import { type IdKind, type IdOperation, idOperations } from '../support/id-operations.ts';
import { globalId, type LookAlike, openLookAlikes } from '../support/look-alikes.ts';

/** Pairs of requests that are timed, the one and the other first by turns. */
const pairs = 150;
/**
 * What cannot be told apart is slower in half of the pairs, however busy the machine: of 150 pairs fewer than 30 % or more
 * than 70 % happens by chance once in a million times.
 */
const chance = { least: 0.3, most: 0.7 };

/** Ids that only an operator passes, who sees every tenant. */
const ofOperators = [
  'Query.tenantDeletion(id)',
  'Query.tenantLimits(apiKeyId)',
  'Mutation.setTenantLimits(input.apiKeyId)',
];

const operations = idOperations.map(
  (operation) => [`${operation.argument}${operation.variant ? `, ${operation.variant}` : ''}`, operation] as const,
);

/**
 * Those whose look-up is no other's: searches that are explained or watched look for their examples as `search` does, and a
 * stream takes ten times as long to end as the look-up in it.
 */
const timedOperations = operations.filter(
  ([, { argument, variant }]) =>
    !/^(Subscription\.|Query\.explainMissing\(input)/.test(argument) && !variant?.startsWith('RelatedDocuments'),
);

type Ids = Readonly<Record<IdKind, string[]>>;

let gateway: TestGateway;
let north: LookAlike;
let own: string[];
/** What `north` has to be told from what is absent; each write takes one away. */
let spare: Ids;
let foreign: Ids;
let absent: Ids;
let before: unknown;

beforeAll(async () => {
  gateway = await openTestGateway({ federation: true });
  let south: LookAlike;
  [north, south] = await openLookAlikes(gateway);
  const long = 'A sentence of a long document, which takes a while to send. '.repeat(500);
  const stored = await north.client.upsert(
    Array.from({ length: 7 }, (_, index) => ({
      externalId: `long-${index}`,
      collection: 'long',
      title: 'Long',
      body: long,
    })),
  );
  own = stored.map(({ id }) => id);
  await gateway.embedAll();
  foreign = { ...(await idsOf(south)), document: [...south.ids.values()] };
  spare = await idsOf(north);
  absent = {
    document: foreign.document.map(() => globalId('Document', randomUUID())),
    deleted: foreign.deleted.map(() => globalId('Document', randomUUID())),
    chunk: foreign.chunk.map(() => globalId('Chunk', randomUUID())),
    job: foreign.job.map(() => globalId('Job', randomUUID())),
    apiKey: foreign.apiKey.map(() => globalId('ApiKey', randomUUID())),
    deadLetter: foreign.deadLetter.map(() => globalId('DeadLetter', `${randomUUID()}:${gateway.deps.modelId}`)),
    collection: ['topaz-rules'],
  };
  before = await ofSouth();
});
afterAll(() => gateway.close());

/** Ids of every kind, of a tenant that has some documents more, deleted ones and dead letters. */
async function idsOf({ tenant, marker, client, jobId, apiKeyId }: LookAlike): Promise<Ids> {
  const add = async (name: string, count: number) => {
    const documents = Array.from({ length: count }, (_, index) => ({
      ...{ externalId: `${name}-${index}`, collection: name, title: name },
      body: `The ${name} document with number ${index} of the ${marker} desk.`,
    }));
    return (await client.upsert(documents)).map(({ id }) => id);
  };
  const [document, deleted] = [await add('spare', 20), await add('deleted', 7)];
  await gateway.embedAll();
  await client.delete(deleted);
  await add('dead', 7);
  const { rows: dead } = await gateway.db.owner.query<{ id: string }>(
    `update embedding_jobs set dead_at = now() where tenant_id = $1
     returning chunk_id || ':' || model_id as id`,
    [tenant],
  );
  const { rows: chunks } = await gateway.db.owner.query<{ id: string }>(
    `select c.id from chunks c join documents d on d.id = c.document_id
     where c.tenant_id = $1 and d.collection in ('rooms', 'service') order by c.id`,
    [tenant],
  );
  return {
    ...{ document, deleted, job: [jobId], apiKey: [apiKeyId], collection: [`${marker}-rules`] },
    chunk: chunks.map(({ id }) => globalId('Chunk', id)),
    deadLetter: dead.map(({ id }) => globalId('DeadLetter', id)),
  };
}

/** Everything that is stored of the other tenant, with the transaction that wrote it. */
async function ofSouth(): Promise<unknown> {
  const tables = [
    'documents',
    'chunks',
    'embeddings',
    'embedding_jobs',
    'jobs',
    'api_keys',
    'collections',
    'audit_log',
  ];
  const rows = tables.map(async (table) => {
    const text = `select xmin::text, t::text as row from ${table} t where tenant_id = 'south' order by 2`;
    return (await gateway.db.owner.query(text)).rows;
  });
  return Promise.all(rows);
}

/** Arguments of the schema's fields, however deep in inputs, that hold an id. */
function idArguments(): string[] {
  const schema = subgraphSchema();
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) =>
    Object.values(root?.getFields() ?? {}).flatMap((field) =>
      field.args
        .flatMap(({ name, type }) => pathsOfIds(name, type))
        .map((path) => `${root?.name}.${field.name}(${path})`),
    ),
  );
}

function pathsOfIds(path: string, type: GraphQLInputType, within: readonly string[] = []): string[] {
  const named = getNamedType(type);
  if (named.name === 'ID' || named.name === '_Any') return [path];
  if (!isInputObjectType(named) || within.includes(named.name)) return [];
  return Object.values(named.getFields()).flatMap((field) =>
    pathsOfIds(`${path}.${field.name}`, field.type, [...within, named.name]),
  );
}

async function timed({ query, variables }: IdOperation, id: string): Promise<{ answer: Answer; ms: number }> {
  const startMs = performance.now();
  const accept = query.startsWith('subscription') ? { accept: 'text/event-stream' } : {};
  const answer = await gateway.graphql(north.client.token, query, variables(id, { document: own[0]! }), accept);
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
async function compare(operation: IdOperation, one: readonly string[], other: readonly string[]) {
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

test('every argument of the schema that holds an id is among the operations', () => {
  const tried = new Set(idOperations.map(({ argument }) => argument));
  expect(idArguments().filter((argument) => !tried.has(argument))).toEqual(ofOperators);
});

describe("what is another tenant's is, to everybody else, what does not exist", () => {
  test.each(operations)('to %s in every byte of the answer', async (_, operation) => {
    const { kind, query } = operation;
    const theirs = foreign[kind];
    for (const [index, id] of theirs.entries()) {
      const nothing = absent[kind][index]!;
      const [ofForeign, ofAbsent] = [await timed(operation, id), await timed(operation, nothing)];
      expect(visible(ofForeign.answer, id)).toEqual(visible(ofAbsent.answer, nothing));
    }
    // What a search of one's own is told of by a stream ends when somebody leaves.
    if (query.includes('searchUpdates')) return;
    const isSpent = query.startsWith('mutation') && spare[kind].length > 1;
    const id = isSpent ? spare[kind].pop()! : spare[kind][0]!;
    const ofOwn = await timed(operation, id);
    expect(visible(ofOwn.answer, id), 'an own one is told from it').not.toEqual(
      visible((await timed(operation, absent[kind][0]!)).answer, absent[kind][0]!),
    );
  });

  test.each(timedOperations)('to %s in time', async (_, operation) => {
    const { share, excess } = await compare(operation, foreign[operation.kind], absent[operation.kind]);
    const isTold = (share < chance.least || share > chance.most) && Math.abs(excess) > 0.05;
    expect(isTold, `slower in ${(100 * share).toFixed(0)} % of the pairs, by ${(100 * excess).toFixed(1)} %`).toBe(
      false,
    );
  });

  test('and the same measure tells a document that exists from one that does not', async () => {
    const document = idOperations.find(({ argument }) => argument === 'Query.document(id)')!;
    const { share, excess } = await compare(document, own, absent.document);
    expect(share).toBeGreaterThan(chance.most);
    expect(excess).toBeGreaterThan(0.05);
  });

  test('and nothing of it was changed', async () => {
    expect(await ofSouth()).toEqual(before);
  });
});
