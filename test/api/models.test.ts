import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { readInFlight } from '../../src/db/database.ts';
import type { Listener } from '../../src/db/open-listener.ts';
import { tenantScope } from '../../src/db/scope.ts';
import type { Embedder } from '../../src/embed/embedder.ts';
import { openEmbedder } from '../../src/embed/open-embedder.ts';
import { loadStaticEmbedder } from '../../src/embed/static-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import {
  addCandidate,
  readTenantModels,
  retireModel,
  type SwitchOptions,
  switchModels,
} from '../../src/models/change-roles.ts';
import { followModels } from '../../src/models/follow-models.ts';
import { registerModel } from '../../src/models/register-model.ts';
import { compareModels } from '../../src/recall/compare-models.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { countFlights } from '../support/count-flights.ts';
import { describeServer } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { watchSearches } from '../support/watch-searches.ts';

const operator = principalOf('operator', { subject: 'the operator', scopes: ['operator'] });
const alpha = parseTenantId('alpha');
const log = createLogger({ level: 'silent' });

const subjects = [
  ...['breakfast', 'parking', 'dogs', 'keys', 'towels', 'garden', 'music', 'smoking', 'luggage', 'taxi', 'heating'],
  ...['coffee', 'children', 'laundry', 'windows', 'noise', 'swimming', 'bicycles', 'newspaper', 'fire'],
];
const documents = subjects.map((subject) => ({
  externalId: subject,
  collection: 'house',
  title: subject,
  body: `Everything about ${subject} and about nothing else.`,
}));

const searchQuery = `query($text: String!, $collection: String!, $after: String) {
  search(input: { text: $text, mode: SEMANTIC, collections: [$collection] }, first: 5, after: $after) {
    __typename ... on SearchConnection { edges { cursor scores { vector } node { externalId body } } } ... on Error { code message }
  } }`;
/** What one flight answers: a body takes another. */
const scoreQuery = searchQuery.replace('{ externalId body }', '{ externalId }');

interface Found {
  readonly search: {
    readonly __typename: string;
    readonly edges?: readonly {
      readonly cursor: string;
      readonly scores: { readonly vector: number };
      readonly node: { readonly externalId: string; readonly body: string };
    }[];
    readonly message?: string;
  };
}

let server: EmbeddingServer;
let first: Embedder;
let second: Embedder;

beforeAll(async () => {
  server = await startEmbeddingServer({ dimensions: 384 });
  first = loadStaticEmbedder();
  const { embedder } = loadConfig({
    ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: server.baseUrl },
    ...{ EMBEDDING_MODEL: 'hashed', EMBEDDING_DIMENSIONS: '384', EMBEDDING_BATCH_SIZE: '8' },
  });
  second = await openEmbedder(embedder);
});
afterAll(() => server.close());

const forward: SwitchOptions = { tenantId: alpha, direction: 'forward', force: false };

describeServer('a tenant that moves to another model while it is searched and written to', () => {
  const { serveFrom, sent } = watchSearches();
  let gateway: TestGateway;
  let token: string;
  let worker: Worker | undefined;
  let listener: Listener | undefined;
  let oldId: number;
  let newId: number;
  beforeAll(async () => {
    gateway = await openTestGateway({ embedder: first, nextEmbedder: second, serveFrom });
    token = await gateway.tokenFor('alpha');
    oldId = gateway.workerDeps.modelId;
    newId = gateway.workerDeps.other?.modelId as number;
    await gateway.upsert('alpha', documents);
    await gateway.embedAll();
  });
  afterAll(async () => {
    await Promise.all([worker?.stop(), listener?.close()]);
    await gateway.close();
  });

  const deps = () => ({ database: gateway.db.database });
  const activeModel = async () => {
    const models = await readTenantModels(deps(), operator, [alpha]);
    return models.find(({ role }) => role === 'active')?.modelId;
  };

  async function search(text: string, collection = 'house', after?: string) {
    const { data, errors } = await gateway.graphql<Found>(token, searchQuery, { text, collection, after });
    expect(errors, `a search for ${text}`).toEqual([]);
    return data?.search;
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (const endMs = Date.now() + 20_000; !(await isSo()); ) {
      if (Date.now() > endMs) throw new Error('It did not come to that within 20 s.');
      await wait(20);
    }
  }

  /** Chunks without a vector of their own by one of the tenant's models, and vectors that stand in. */
  async function unsettled() {
    const { rows } = await gateway.db.owner.query<{ count: number }>(
      `select (select count(*)::int from chunks c join tenant_models m on m.tenant_id = c.tenant_id and m.role <> 'retired'
           where not exists (select from embeddings e where e.chunk_id = c.id and e.model_id = m.model_id and e.stand_in = 0))
         + (select count(*)::int from embeddings where stand_in > 0)
         + (select count(*)::int from embedding_jobs) as count`,
    );
    return rows[0]?.count ?? 0;
  }

  const settled = async () => (await unsettled()) === 0;

  test('finds what it holds all the way, by one model at a time, and every edit by both', async () => {
    worker = startWorker(gateway.workerDeps, log);
    listener = followModels(gateway.db.database, (tenantId) => gateway.deps.choice?.forget(tenantId), log, {
      url: gateway.db.urls.gateway,
    });
    const load = new AbortController();
    const failures: string[] = [];
    let searches = 0;
    let edits = 0;
    const searching = (async () => {
      while (!load.signal.aborted) {
        const subject = subjects[searches++ % subjects.length] as string;
        const found = await search(`everything about ${subject}`).catch((error: Error) => ({ message: error.message }));
        if (!found || !('edges' in found) || !found.edges?.some(({ node }) => node.externalId === subject))
          failures.push(`${subject}: ${JSON.stringify(found).slice(0, 400)}`);
      }
    })();
    const writing = (async () => {
      while (!load.signal.aborted) {
        const body = `The journal of the house, entry ${edits++} about ${subjects[edits % subjects.length]}.`;
        const journal = [{ externalId: `journal${edits % 3}`, collection: 'journal', title: 'Journal', body }];
        await gateway.upsert('alpha', journal).catch((error: Error) => failures.push(`an edit: ${error.message}`));
        await wait(15);
      }
    })();
    const phase = async () => {
      const [searchesBefore, editsBefore] = [searches, edits];
      await until(async () => searches > searchesBefore + 20 && edits > editsBefore + 5);
    };
    const switchOver = async (direction: SwitchOptions['direction']) => {
      // While edits are made the candidate may lack the last of them, and is then refused.
      await until(() =>
        switchModels(deps(), operator, { ...forward, direction }).then(
          (switched) => switched.length === 1,
          () => false,
        ),
      );
      expect(await activeModel()).toBe(direction === 'forward' ? newId : oldId);
      await phase();
    };
    try {
      await phase();
      expect(await addCandidate(deps(), operator, alpha, newId)).toBe(true);
      await phase();
      const compared = await compareModels(
        gateway.db.database,
        alpha,
        [
          { modelId: oldId, embedder: first },
          { modelId: newId, embedder: second },
        ],
        subjects,
      );
      expect(compared).toMatchObject({ queries: 20, figures: [{ unanswered: 0 }, { unanswered: 0 }] });
      await switchOver('forward');
      await switchOver('back');
      await switchOver('forward');
    } finally {
      load.abort();
      await Promise.allSettled([searching, writing]);
    }
    expect(failures.slice(0, 3)).toEqual([]);
    await until(settled);

    // A search compares vectors of one model, with a vector of that model, and both were searched by.
    const dimensions = new Map([
      [oldId, 512],
      [newId, 384],
    ]);
    for (const one of sent) {
      expect(one.modelIds).toHaveLength(1);
      expect(one.dimensions).toEqual([dimensions.get(one.modelIds[0] as number)]);
    }
    expect(new Set(sent.map(({ modelIds }) => modelIds[0]))).toEqual(new Set([oldId, newId]));

    // The last edit is found by either model.
    const last = (direction: SwitchOptions['direction']) => switchModels(deps(), operator, { ...forward, direction });
    const { rows: journal } = await gateway.db.owner.query<{ body: string }>(
      `select body from documents where collection = 'journal' order by updated_at desc`,
    );
    for (const direction of ['back', 'forward'] as const) {
      expect(await last(direction)).toHaveLength(1);
      for (const { body } of journal) {
        const found = await search(body, 'journal');
        expect(found?.edges?.[0]?.node.body, `by ${direction}`).toBe(body);
      }
    }

    const searchedBefore = searches;
    expect((await retireModel(deps(), operator, alpha, false))?.candidate.modelId).toBe(oldId);
    await until(async () => {
      const found = await search(`everything about ${subjects[searches++ % subjects.length]}`);
      expect(found?.edges?.length).toBeGreaterThan(0);
      const models = await readTenantModels(deps(), operator, [alpha]);
      return models.some(({ modelId, emptiedAt }) => modelId === oldId && emptiedAt !== null);
    });
    expect(searches).toBeGreaterThan(searchedBefore);
    const { rows } = await gateway.db.owner.query('select distinct model_id from embeddings');
    expect(rows).toEqual([{ model_id: newId }]);
  }, 120_000);

  test('has each change in its audit log', async () => {
    const { rows } = await gateway.db.owner.query(
      `select action, subject, count(*)::int as times from audit_log where target_kind = 'model' group by 1, 2 order by 1`,
    );
    const subject = 'the operator';
    expect(rows).toEqual([
      { action: 'addModel', subject, times: 1 },
      { action: 'cutOverModel', subject, times: 3 },
      { action: 'retireModel', subject, times: 1 },
      { action: 'rollBackModel', subject, times: 2 },
    ]);
  });

  test('is not served by a program that does not have its model', async () => {
    await expect(registerModel(gateway.db.database, first.model, 'gateway')).rejects.toThrow('were made by hashed');
    await expect(registerModel(gateway.db.worker, first.model, 'worker')).rejects.toThrow('were made by hashed');
    expect(await registerModel(gateway.db.worker, second.model, 'worker')).toBe(newId);
  });
});

describeServer('a gateway that has not heard of a cut-over', () => {
  const counted = countFlights();
  let gateway: TestGateway;
  let newId: number;
  let token: string;
  beforeAll(async () => {
    gateway = await openTestGateway({ embedder: first, nextEmbedder: second, serveFrom: counted.serveFrom });
    newId = gateway.workerDeps.other?.modelId as number;
    token = await gateway.tokenFor('alpha');
    await gateway.upsert('alpha', documents);
    await gateway.embedAll();
  });
  afterAll(() => gateway.close());

  const deps = () => ({ database: gateway.db.database });
  const ask = (after?: string) =>
    gateway.graphql<Found>(token, scoreQuery, { text: 'everything about dogs', collection: 'house', after });

  test('refuses an incomplete model, and says what it lacks', async () => {
    await addCandidate(deps(), operator, alpha, newId);
    await expect(switchModels(deps(), operator, forward)).rejects.toThrow(
      'alpha: hashed lacks 20 vectors that static-en-512 has, and is still being filled',
    );
    const worker = startWorker(gateway.workerDeps, log);
    for (let models = 0; models !== 1; await wait(20)) {
      const found = await readTenantModels(deps(), operator, [alpha]);
      models = found.filter(
        ({ role, filledAt, counts }) => role === 'candidate' && filledAt && counts.waiting === 0,
      ).length;
    }
    await worker.stop();
  });

  test('costs a round trip once, and is right', async () => {
    await ask();
    counted.take();
    const before = await ask();
    expect(counted.take()).toBe(1);
    expect(await switchModels(deps(), operator, forward)).toHaveLength(1);
    counted.take();
    const after = await ask();
    // The refused one, the reading of which model it is, and the search.
    expect(counted.take()).toBe(3);
    const score = (answer: typeof before) => answer.data?.search.edges?.[0]?.scores.vector;
    expect(score(after)).not.toBe(score(before));
    await ask();
    expect(counted.take()).toBe(1);
  });

  test('gives a cursor of the model before its coded refusal', async () => {
    await switchModels(deps(), operator, { ...forward, direction: 'back' });
    const { data } = await ask();
    const cursor = data?.search.edges?.[0]?.cursor;
    expect((await ask(cursor)).data?.search.__typename).toBe('SearchConnection');
    await switchModels(deps(), operator, forward);
    expect((await ask(cursor)).errors?.[0]?.extensions?.code).toBe('INVALID_CURSOR');
  });

  test('says so where it has one model only, and it is another; words are found all the same', async () => {
    const beside = await openTestGateway({ embedder: second, nextEmbedder: first, beside: gateway });
    // As if it had been started before the second model came.
    const { other: _, ...alone } = beside.deps.choice as NonNullable<typeof beside.deps.choice>;
    Object.assign(beside.deps, { choice: alone });
    await switchModels(deps(), operator, { ...forward, direction: 'back' });
    const text = 'everything about dogs';
    const refused = await beside.graphql<Found>(token, searchQuery, { text, collection: 'house' });
    expect(refused.data?.search).toMatchObject({ __typename: 'EmbedderError', code: 'EMBEDDER_UNAVAILABLE' });
    const byWords = await beside.graphql<{ search: { edges: unknown[] } }>(
      token,
      '{ search(input: { text: "dogs", mode: KEYWORD }) { ... on SearchConnection { edges { cursor } } } }',
    );
    expect(byWords.data?.search.edges).toHaveLength(1);
  });

  test('is refused by the statement and not by chance: by the tenant’s own rows', async () => {
    const principal = principalOf('alpha');
    const require = (modelId: number) =>
      readInFlight(gateway.db.database, tenantScope(principal), [
        { compile: () => ({ sql: 'select require_active_model($1) as ok', parameters: [modelId] }) as never },
      ]);
    expect(await require(gateway.workerDeps.modelId)).toEqual([[{ ok: true }]]);
    await expect(require(newId)).rejects.toMatchObject({ code: 'TS003' });
  });
});
