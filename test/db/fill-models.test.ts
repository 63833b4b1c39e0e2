import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { countDrift } from '../../src/drift/count-drift.ts';
import { parseTenantId } from '../../src/ids.ts';
import { addCandidate, retireModel, switchModels } from '../../src/models/change-roles.ts';
import { registerModel } from '../../src/models/register-model.ts';
import { fillModels, type ModelStep } from '../../src/worker/fill-models.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';

const operator = principalOf('operator', { scopes: ['operator'] });
const alpha = parseTenantId('alpha');
const chunks = 2_500;

describeServer('filling and emptying a model', () => {
  let db: TestDatabase;
  let nextId: number;
  beforeAll(async () => {
    db = await openTestDatabase();
    await seedTenant(db.owner, 'alpha', chunks);
    // As if the gateway had two models configured by now.
    const { rows } = await db.owner.query(
      `insert into tessera.models (name, dimensions) values ('next', 256) returning id`,
    );
    nextId = rows[0]?.id;
  }, 60_000);
  afterAll(() => db.close());

  async function look() {
    const { rows } = await db.owner.query(`select
      (select jsonb_agg(to_jsonb(m) order by m.model_id) from tessera.tenant_models m) as models,
      (select count(*)::int from tessera.embedding_jobs) as jobs, (select count(*)::int from tessera.embeddings) as vectors,
      (select jsonb_agg(to_jsonb(j)) from tessera.jobs j) as followed`);
    return rows[0] as { models: Record<string, unknown>[]; jobs: number; vectors: number; followed: unknown };
  }

  /** A database whose server process is killed when it is to commit a step. */
  function doomed(): Database {
    let begun = 0;
    const pool = new Proxy(db.worker.pool, {
      get(target, name) {
        if (name !== 'connect') {
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return async () => {
          const client = (await target.connect()) as pg.PoolClient;
          const query = client.query.bind(client) as (...given: unknown[]) => unknown;
          const isStep = ++begun > 1;
          return Object.assign(client, {
            query: async (...given: unknown[]) => {
              const [text] = given;
              if (isStep && text === 'commit') {
                const { rows } = await db.owner.query(
                  `select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
                );
                expect(rows.length).toBeGreaterThan(0);
              }
              return query(...given);
            },
          });
        };
      },
    });
    return { ...db.worker, pool };
  }

  /** Has every step killed before it commits, then lets it be done. */
  async function stepByStep(): Promise<ModelStep[]> {
    const steps: ModelStep[] = [];
    while (steps.at(-1)?.state !== 'done') {
      expect(steps.length).toBeLessThan(20);
      const before = await look();
      await expect(fillModels(doomed())).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      expect(await look(), 'nothing of the step is left').toEqual(before);
      const stopping = new AbortController();
      await fillModels(db.worker, stopping.signal, (step) => {
        steps.push(step);
        stopping.abort();
      });
    }
    return steps;
  }

  test('goes on where it was when every step of it is killed once', async () => {
    expect(await addCandidate({ database: db.database }, operator, alpha, nextId)).toBe(true);
    expect(await addCandidate({ database: db.database }, operator, alpha, nextId)).toBe(false);
    const steps = await stepByStep();
    expect(steps.map(({ state, rows }) => [state, rows])).toEqual([
      ['more', 1_000],
      ['more', 1_000],
      ['done', 500],
    ]);
    const { jobs, followed } = await look();
    expect(jobs).toBe(chunks);
    expect(followed).toMatchObject([{ kind: 'backfill', total: chunks, done: 0 }]);
  }, 60_000);

  test('is drift as far as it was filled, and no farther', async () => {
    const hashes = { ofChunk: () => Buffer.alloc(32), fitsDocument: () => true };
    const missing = async () => {
      const drifts = await countDrift({ database: db.worker, hashes }, [alpha]);
      return drifts.find(({ kind }) => kind === 'missing')?.count ?? 0;
    };
    await db.owner.query("update chunks set content_hash = decode(repeat('00', 32), 'hex')");
    expect(await missing()).toBe(0);
    await db.owner.query(`create table spare as select * from (
        (select * from embedding_jobs order by chunk_id limit 5) union all (select * from embedding_jobs order by chunk_id desc limit 7)
      ) ends`);
    await db.owner.query('delete from embedding_jobs using spare where embedding_jobs.chunk_id = spare.chunk_id');
    expect(await missing()).toBe(12);
    const place = (filledTo: string) =>
      db.owner.query(`update tenant_models set filled_at = null, filled_to = (${filledTo}) where model_id = ${nextId}`);
    await place('select id from chunks order by id offset 999 limit 1');
    expect(await missing()).toBe(5);
    await place('null');
    expect(await missing()).toBe(0);
    await db.owner.query('insert into embedding_jobs select * from spare; drop table spare');
  });

  test('has the operator change roles, and nobody else', async () => {
    const change = `update tenant_models set role = 'active' where model_id = ${nextId}`;
    for (const role of ['tessera_tenant', 'tessera_reader', 'tessera_worker'] as const)
      expect(await tryInScope(db.database, { role, tenantId: alpha }, change).catch((error) => error)).toMatchObject({
        code: '42501',
      });
    const { rows } = await db.owner.query('select role from tessera.tenant_models order by model_id');
    expect(rows).toEqual([{ role: 'active' }, { role: 'candidate' }]);
  });

  test('erases a retired model in the same way, its jobs first', async () => {
    expect((await retireModel({ database: db.database }, operator, alpha, false))?.candidate.modelId).toBe(nextId);
    const steps = await stepByStep();
    expect(steps.map(({ state, rows }) => [state, rows])).toEqual([
      ['more', 1_000],
      ['more', 1_000],
      ['more', 500],
      ['done', 0],
    ]);
    expect(await look()).toMatchObject({ jobs: 0, vectors: chunks });
    // It is nobody's any more, so a program without it may start.
    const model = { name: 'static-en-512', dimensions: 512 };
    expect(await registerModel(db.worker, model, 'worker')).not.toBe(nextId);
  }, 60_000);

  test('remembers nothing of an earlier graph when it is added again, so that the cut-over waits for the new one', async () => {
    // As it is left where nobody has reviewed tiers since, and the graph itself is gone.
    await db.owner.query(`update tenant_models set tier = 'hnsw', hnsw_index = 'embeddings_hnsw_000000000000',
      chunk_count = 50000, counted_at = now(), tier_changed_at = '2020-01-01'`);
    expect(await addCandidate({ database: db.database }, operator, alpha, nextId)).toBe(true);
    const { rows } = await db.owner.query(
      `select role, tier, hnsw_index, chunk_count, counted_at, tier_changed_at > '2020-01-01' as is_new from tenant_models order by model_id`,
    );
    const none = { hnsw_index: null, chunk_count: null, counted_at: null };
    expect(rows).toEqual([
      expect.objectContaining({ role: 'active', tier: 'hnsw', is_new: false }),
      { role: 'candidate', tier: 'exact', ...none, is_new: true },
    ]);
    const forward = { tenantId: alpha, direction: 'forward', force: false } as const;
    await expect(switchModels({ database: db.database }, operator, forward)).rejects.toThrow('and has no graph yet');
  });
});
