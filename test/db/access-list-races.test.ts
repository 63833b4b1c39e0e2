import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { transact } from '../../src/db/database.ts';
import { scopeStatement, workerScope, writerScope } from '../../src/db/scope.ts';
import { type ChunkId, parseTenantId } from '../../src/ids.ts';
import { insertEmbeddingsStatement } from '../../src/worker/vector-statements.ts';
import { describeServer } from '../support/database.ts';
import { embedBatch } from '../support/embed-batch.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const tenantId = parseTenantId('north');
const principal = principalOf('north');
const document = { externalId: 'one', collection: 'notes', title: 'One', body: 'A piano in the hall.' };
let api: TestGateway;

/** Waits until a statement of this database waits for a lock. */
async function untilOneWaits(): Promise<void> {
  for (;;) {
    const { rows } = await api.db.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
    await wait(5);
  }
}

/** Documents, chunks and vectors that do not have one and the same audience. */
async function strays(): Promise<unknown[]> {
  const { rows } = await api.db.owner.query(
    `select d.external_id, d.audience, c.audience as chunk, e.audience as vector
     from documents d join chunks c on c.document_id = d.id left join embeddings e on e.chunk_id = c.id
     where c.audience <> d.audience or e.audience <> d.audience`,
  );
  return rows;
}

const vectorsOf = async () =>
  (
    await api.db.owner.query(
      `select e.audience, d.audience as document from embeddings e join documents d on d.id = e.document_id`,
    )
  ).rows;

describeServer('a vector that is written while the access list of its document changes', () => {
  beforeAll(async () => {
    api = await openTestGateway({ poolSize: 6 });
  });
  afterAll(() => api.close());

  test('has the new audience where the change came first', async () => {
    await api.upsert('north', [document]);
    await api.upsert('north', [{ ...document, externalId: 'two', acl: { users: ['ann'], groups: [] } }]);
    await api.embedAll();
    await api.upsert('north', [{ ...document, body: 'A piano in the barn.' }]);
    const client = await api.db.database.pool.connect();
    const { embedder } = api.workerDeps;
    // After the claim, which passes over what somebody else has locked.
    const embed: typeof embedder.embed = async (texts, options) => {
      await client.query(`begin; ${scopeStatement(writerScope(principal), api.db.database.scopeDefaults)}`);
      await client.query(
        `update documents set audience = (select audience from documents where external_id = 'two') where external_id = 'one'`,
      );
      return embedder.embed(texts, options);
    };
    const embedding = embedBatch({ ...api.workerDeps, embedder: { ...embedder, embed } });
    await untilOneWaits();
    await client.query('commit');
    client.release();
    expect(await embedding).toMatchObject({ claimed: 1, embedded: 1 });
    expect(await strays()).toEqual([]);
    expect((await vectorsOf()).map(({ audience, document: own }) => audience === own && audience > 0)).toEqual([
      true,
      true,
    ]);
  });

  test('has it, too, where the vector came first and was not committed yet', async () => {
    await api.upsert('north', [{ ...document, body: 'A piano in the attic.' }]);
    const { rows } = await api.db.owner.query<{ id: ChunkId }>(
      `select c.id from chunks c join documents d on d.id = c.document_id where d.external_id = 'one'`,
    );
    const coarse = Float32Array.from({ length: 256 }, (_, index) => (index === 0 ? 1 : 0));
    const full = Float32Array.from({ length: 512 }, (_, index) => (index === 0 ? 1 : 0));
    let changing: Promise<unknown> | undefined;
    await transact(api.db.worker, workerScope(tenantId), async (execute) => {
      await execute(insertEmbeddingsStatement(tenantId, api.deps.modelId, [{ chunkId: rows[0]!.id, coarse, full }]));
      changing = api.upsert('north', [
        { ...document, body: 'A piano in the attic.', acl: { users: ['bob'], groups: [] } },
      ]);
      await untilOneWaits();
      expect(await strays()).toEqual([]);
    });
    expect(await changing).toMatchObject([{ status: 'UPDATED' }]);
    expect(await strays()).toEqual([]);
    expect((await vectorsOf()).every(({ audience }) => audience > 0)).toBe(true);
  });

  test('never strays, in a hundred writes and the batches of two workers at once', { timeout: 60_000 }, async () => {
    const lists = [undefined, { users: ['ann'], groups: [] }, { users: [], groups: ['support'] }];
    let writing = true;
    const work = async () => {
      while (writing) await embedBatch(api.workerDeps);
    };
    const workers = [work(), work()];
    for (let round = 0; round < 100; round++) {
      const acl = lists[round % 3];
      const body = `Round ${Math.floor(round / 2)} of the piano. `.repeat(30);
      const inputs = ['a', 'b', 'c'].map((externalId) => ({ ...document, externalId, body, ...(acl && { acl }) }));
      await api.upsert('north', inputs);
      if (round % 10 === 0) expect(await strays()).toEqual([]);
    }
    writing = false;
    await Promise.all(workers);
    await api.embedAll();
    expect(await strays()).toEqual([]);
    const [left] = await transact(api.db.worker, workerScope(), (execute) =>
      execute(statement<{ n: number }>('select count(*)::int as n from embedding_jobs')),
    );
    expect(left?.n).toBe(0);
  });

  test('is stored with its list once, where twenty writes bring the same new list at the same time', async () => {
    const acl = { users: ['new'], groups: ['lists'] };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => api.upsert('north', [{ ...document, externalId: `same${index}`, acl }])),
    );
    const { rows } = await api.db.owner.query(
      `select count(distinct d.audience)::int as audiences, count(*)::int as documents from documents d where external_id like 'same%'`,
    );
    expect(rows).toEqual([{ audiences: 1, documents: 20 }]);
  });
});
