import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDemoExamples } from '../../src/cli/demo-data.ts';
import { exampleTabs, namedDocuments, readExampleTabs } from '../../src/cli/example-tabs.ts';
import { countFlights } from '../support/count-flights.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { hostileDocuments } from '../support/hostile-documents.ts';
import { legitimateDocuments } from '../support/legitimate-documents.ts';
import { expectRefusal } from '../support/refusal.ts';

/** Milliseconds of a core, so that it makes no difference what else the machine does. */
const mostMs = 50;

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

describe('the limits of a request', () => {
  const counted = countFlights();
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({ serveFrom: counted.serveFrom });
    token = await gateway.tokenFor('alpha');
    await gateway.upsert('alpha', [
      { externalId: 'boiler', collection: 'help', title: 'No hot water', body: 'The boiler is off. Press the button.' },
      { externalId: 'bus', collection: 'help', title: 'The bus', body: 'It leaves at the front door every hour.' },
    ]);
    await gateway.embedAll();
    // What runs for the first time is not yet compiled.
    for (const [, , document] of hostileDocuments.slice(0, 5)) await gateway.graphql(token, `# warm\n${document}`);
  });
  afterAll(() => gateway.close());

  test('are tried with at least forty documents of each kind', () => {
    expect(hostileDocuments.length).toBeGreaterThanOrEqual(40);
    expect(legitimateDocuments.length).toBeGreaterThanOrEqual(40);
  });

  test.for(hostileDocuments)('refuse %s', async ([, code, document, variables]) => {
    counted.take();
    const times: number[] = [];
    // The best of three, of which one may pay for collecting garbage. A comment makes each a new document.
    for (const round of ['a', 'b', 'c']) {
      const started = cpuMs();
      // Not even the token is looked at before.
      const bearer = round === 'c' ? 'no-token' : token;
      const answer = await gateway.graphql(bearer, `#${round}\n${document}`, variables as Record<string, unknown>);
      times.push(cpuMs() - started);
      expectRefusal(answer, { status: 400, code, says: /./ });
    }
    expect(counted.take(), 'no database query ran').toBe(0);
    expect(Math.min(...times)).toBeLessThan(mostMs);
  });

  test.for(legitimateDocuments)('allow %s', async ([, document, variables]) => {
    const answer = await gateway.graphql(token, document, variables);
    expect([answer.status, answer.errors]).toEqual([200, []]);
  });

  test('allow every tab that GraphiQL opens with, and its own look at the schema', async () => {
    const written = await readExampleTabs();
    const [question] = await readDemoExamples();
    const id = btoa('Document:01890000-0000-7000-8000-000000000000');
    const ids = new Map(namedDocuments(written).map((name) => [name, id]));
    const tabs = exampleTabs(written, { tenant: 'alpha', question: question!, ids, withVectors: true });
    expect(tabs.length).toBe(written.length);
    for (const { query, variables = {} } of tabs) {
      const answer = await gateway.graphql(token, query, variables, { accept: 'application/json' });
      const codes = answer.errors.map(({ extensions }) => extensions?.code);
      // Whole answers are asked for here, and a subscription has none; its limits were looked at before that was said.
      const isSubscription = /^subscription /m.test(query);
      expect([answer.status, codes], query).toEqual(isSubscription ? [406, ['NOT_ACCEPTABLE']] : [200, []]);
    }
    const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true };
    const introspection = getIntrospectionQuery({ ...options, inputValueDeprecation: true, oneOf: true });
    expect((await gateway.graphql(undefined, introspection)).errors).toEqual([]);
  });
});

describe('the price of a request', () => {
  let gateway: TestGateway;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({ queryLimits: { cost: 100 } });
    token = await gateway.tokenFor('alpha');
  });
  afterAll(() => gateway.close());

  const priceOf = async (query: string, variables?: Record<string, unknown>) => {
    const { extensions } = JSON.parse((await gateway.graphql(token, query, variables)).text);
    return extensions?.cost;
  };

  test('is in every answer, beside what is allowed', async () => {
    expect(await priceOf('{ viewer { subject } }')).toEqual({ price: 1, limit: 100 });
    expect(await priceOf('{ __typename }')).toEqual({ price: 0, limit: 100 });
  });

  test('grows with the page, wherever its length is said', async () => {
    const documents = (first: string) => `{ documents${first} { edges { node { title } } } }`;
    // Two for the field, one for the connection, two for each edge and its document.
    expect(await priceOf(documents('(first: 5)'))).toMatchObject({ price: 13 });
    expect(await priceOf(documents(''))).toMatchObject({ price: 23 });
    expect(await priceOf(`query($n: Int) ${documents('(first: $n)')}`, { n: 5 })).toMatchObject({ price: 13 });
    expect(await priceOf(`query($n: Int = 5) ${documents('(first: $n)')}`)).toMatchObject({ price: 13 });
    expect(await priceOf(`query($n: Int) ${documents('(first: $n)')}`, { n: null })).toMatchObject({ price: 23 });
  });

  test('counts what is included only', async () => {
    const query = `query($yes: Boolean!) { viewer { subject } tenant @include(if: $yes) { id } collections @skip(if: true) { name } }`;
    expect(await priceOf(query, { yes: false })).toMatchObject({ price: 1 });
    expect(await priceOf(query, { yes: true })).toMatchObject({ price: 22 });
  });

  test('multiplies where lists are nested, and a search costs more than a document', async () => {
    const similar = (n: number) =>
      `{ documents(first: 2) { edges { node { similar(first: ${n}) { edges { score } } } } } }`;
    expect(await priceOf(similar(1))).toMatchObject({ price: 2 + 1 + 2 * (1 + 1 + (10 + 1 + 1)) });
    expect(await priceOf(similar(9))).toMatchObject({ price: 2 + 1 + 2 * (1 + 1 + (10 + 1 + 9)) });
  });

  test('of a write grows with its documents', async () => {
    const upsert =
      'mutation($input: [UpsertDocumentInput!]!) { upsertDocuments(input: $input) { ... on UpsertDocumentsPayload { documents { id } } } }';
    const input = Array.from({ length: 80 }, (_, index) => ({ collection: 'c', title: `T${index}`, body: 'B' }));
    expect(await priceOf(upsert, { input })).toEqual({ price: 91, limit: 100 });
    const refused = await gateway.graphql(token, upsert, { input: [...input, ...input] });
    expectRefusal(refused, { status: 400, code: 'QUERY_TOO_EXPENSIVE', says: /costs 171 points; at most 100/ });
  });
});
