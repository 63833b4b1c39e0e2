import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { openEmbedder } from '../../src/embed/open-embedder.ts';
import { parseTenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { addCandidate, readTenantModels, type SwitchOptions, switchModels } from '../../src/models/change-roles.ts';
import { graphIndexName } from '../../src/tiers/graph-index.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { startTierKeeper, type TierKeeper } from '../../src/tiers/tier-keeper.ts';
import { startWorker, type Worker } from '../../src/worker/worker.ts';
import { describeServer } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, run } from './program.ts';

const operator = principalOf('operator', { subject: 'the operator', scopes: ['operator'] });
const alpha = parseTenantId('alpha');
const log = createLogger({ level: 'silent' });
const forward: SwitchOptions = { tenantId: alpha, direction: 'forward', force: false };
const chunks = 3_000;
const crossover = 2_000;

const searchQuery = `{ search(input: { text: "everything about the room 1234", mode: SEMANTIC }, first: 5) {
  ... on SearchConnection { edges { scores { vector } } explain { strategy plan } } ... on Error { message } } }`;
interface Found {
  readonly search: {
    readonly edges: readonly { readonly scores: { readonly vector: number } }[];
    readonly explain: { readonly strategy: string; readonly plan: readonly string[] };
  };
}

afterAll(cleanUp);

describeServer('a tenant with a graph that moves to another model', () => {
  let server: EmbeddingServer;
  let gateway: TestGateway;
  let owner: Database;
  let token: string;
  let worker: Worker | undefined;
  let keeper: TierKeeper | undefined;
  let oldId: number;
  let newId: number;

  beforeAll(async () => {
    server = await startEmbeddingServer({ dimensions: 384 });
    const { embedder } = loadConfig(variables('', server));
    gateway = await openTestGateway({ nextEmbedder: await openEmbedder(embedder) });
    owner = await openPool({
      ...{ url: gateway.db.urls.owner, size: 3, statementTimeoutMs: 20_000 },
      onIdleError: () => {},
    });
    token = await gateway.tokenFor('alpha');
    oldId = gateway.workerDeps.modelId;
    newId = gateway.workerDeps.other?.modelId as number;
    for (let start = 0; start < chunks; start += 500) {
      const documents = Array.from({ length: 500 }, (_, i) => ({
        ...{ externalId: `room ${start + i}`, collection: 'house', title: `Room ${start + i}` },
        body: `The room with the number ${start + i} has ${(start + i) % 7} windows and ${(start + i) % 11} chairs.`,
      }));
      await gateway.upsert('alpha', documents);
    }
    await gateway.embedAll();
    await reviewTiers(owner, { crossover });
    await gateway.db.owner.query('vacuum analyze embeddings');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([worker?.stop(), keeper?.stop()]);
    await owner.close();
    await gateway.close();
    await server.close();
  });

  /** The variables of the second model, with something before each. */
  function variables(prefix: '' | 'NEXT_', { baseUrl }: EmbeddingServer): Record<string, string> {
    const one = {
      ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: baseUrl, EMBEDDING_MODEL: 'hashed' },
      ...{ EMBEDDING_DIMENSIONS: '384', EMBEDDING_BATCH_SIZE: '128' },
    };
    return Object.fromEntries(Object.entries(one).map(([name, value]) => [prefix + name, value]));
  }

  const deps = () => ({ database: gateway.db.database });
  const graphOf = (modelId: number) => graphIndexName({ tenantId: alpha, modelId });
  const stored = async (modelId: number) => {
    const { rows } = await gateway.db.owner.query<{ valid: boolean; bytes: number }>(
      `select i.indisvalid as valid, pg_relation_size(c.oid)::int as bytes
       from pg_class c join pg_index i on i.indexrelid = c.oid where c.relname = $1`,
      [graphOf(modelId)],
    );
    return rows[0];
  };
  const candidate = async () =>
    (await readTenantModels(deps(), operator, [alpha])).find(({ role }) => role === 'candidate');

  async function until(isSo: () => Promise<boolean | undefined>): Promise<void> {
    for (const endMs = Date.now() + 40_000; !(await isSo()); await wait(20))
      if (Date.now() > endMs) throw new Error('It did not come to that within 40 s.');
  }

  /** The names of the graphs by which a search reads, as it tells itself. */
  async function graphsSearched(): Promise<string[]> {
    const { data, errors } = await gateway.graphql<Found>(token, searchQuery);
    expect(errors).toEqual([]);
    expect(data?.search.edges).toHaveLength(5);
    expect(data?.search.explain.strategy).toContain('two stages over the graph');
    return [...new Set(data?.search.explain.plan.join('\n').match(/embeddings_hnsw_\w+/g))];
  }

  test('is refused the cut-over until the graph of the candidate is built and valid', async () => {
    expect(await graphsSearched()).toEqual([graphOf(oldId)]);
    await addCandidate(deps(), operator, alpha, newId);
    worker = startWorker(gateway.workerDeps, log);
    await until(async () => {
      const { filledAt, counts } = (await candidate()) ?? {};
      return filledAt !== null && counts?.missing === 0;
    });
    const refused = /alpha: hashed has no graph yet$/;
    await expect(switchModels(deps(), operator, forward)).rejects.toThrow(refused);

    // A build waits for snapshots that are older than its own.
    const reader = new pg.Client({ connectionString: gateway.db.urls.owner });
    await reader.connect();
    try {
      await reader.query('begin isolation level repeatable read; select from tessera.models limit 1');
      const killed = expect(reviewTiers(owner, { crossover })).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      await until(async () => (await stored(newId))?.valid === false);
      await expect(switchModels(deps(), operator, forward)).rejects.toThrow(refused);
      await gateway.db.owner.query(
        'select pg_terminate_backend(p.pid) from pg_stat_progress_create_index p where p.datname = current_database()',
      );
      await killed;
    } finally {
      await reader.end();
    }
    expect(await stored(newId)).toMatchObject({ valid: false });
    await expect(switchModels(deps(), operator, forward)).rejects.toThrow(refused);
    expect(await graphsSearched()).toEqual([graphOf(oldId)]);

    keeper = startTierKeeper({ owner, everyMs: 50, options: { crossover } }, log);
    await until(async () => (await candidate())?.graph === graphOf(newId));
    expect(await stored(newId)).toMatchObject({ valid: true });
    expect(await graphsSearched()).toEqual([graphOf(oldId)]);
  }, 120_000);

  test('is searched by the graph of whichever model is active', async () => {
    const graphs = async (direction: SwitchOptions['direction']) => {
      expect(await switchModels(deps(), operator, { ...forward, direction })).toHaveLength(1);
      return graphsSearched();
    };
    expect(await graphs('forward')).toEqual([graphOf(newId)]);
    expect(await graphs('back')).toEqual([graphOf(oldId)]);
    expect(await graphs('forward')).toEqual([graphOf(newId)]);
  });

  test('loses the graph of the model that it retires, and is told how large it was', async () => {
    await keeper?.stop();
    // As a review leaves it that is killed before it records what it built; it is dropped all the same.
    await gateway.db.owner.query(
      `update tenant_models set tier = 'exact', hnsw_index = null where model_id = ${oldId}`,
    );
    const { bytes = 0 } = (await stored(oldId)) ?? {};
    expect(bytes).toBeGreaterThan(chunks * 512);
    const env = {
      ...serverEnv(gateway.db.urls),
      ...variables('NEXT_', server),
      MIGRATE_DATABASE_URL: gateway.db.urls.owner,
    };
    const retired = await run(['models', 'retire', '--tenant', 'alpha', '--yes'], env);
    expect(retired.status, retired.stderr).toBe(0);
    const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
    expect(retired.stderr).toContain(`alpha: its graph of static-en-512 is dropped: ${megabytes}.`);
    expect(retired.stdout).toContain(`Graphs: ${megabytes}, measured, free on the disk now.`);
    // 512 components of 4 bytes and 256 of 2.
    expect(retired.stdout).toContain(`Vectors: 3,000, an estimated ${((chunks * 2_560) / 1e6).toFixed(1)} MB`);
    expect(retired.stdout).toContain('the files do not become smaller');
    expect(await stored(oldId)).toBeUndefined();
    await until(async () => {
      const models = await readTenantModels(deps(), operator, [alpha]);
      return models.some(({ modelId, emptiedAt }) => modelId === oldId && emptiedAt !== null);
    });
    const { rows } = await gateway.db.owner.query(
      'select model_id, count(*)::int as vectors from embeddings group by model_id',
    );
    expect(rows).toEqual([{ model_id: newId, vectors: chunks }]);
    expect(await graphsSearched()).toEqual([graphOf(newId)]);
    expect(await reviewTiers(owner, { crossover })).toEqual({ busy: false, changes: [], waiting: [], failures: [] });
  }, 60_000);
});
