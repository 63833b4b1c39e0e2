import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, transact } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { workerScope } from '../../src/db/scope.ts';
import { type ChunkId, type DocumentId, parseTenantId } from '../../src/ids.ts';
import { coarseVector } from '../../src/vector.ts';
import { adoptVectors } from '../../src/worker/adopt-vectors.ts';
import { copyEmbeddings } from '../../src/worker/copy-embeddings.ts';
import { writeVectors } from '../../src/worker/write-vectors.ts';
import { describeServer } from '../support/database.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

const tenant = parseTenantId('alpha');
const full = Float32Array.from({ length: 512 }, (_, i) => (i === 0 ? 1 : 0));

interface Chunk {
  readonly id: ChunkId;
  readonly documentId: DocumentId;
  readonly contentHash: Buffer;
}

describeServer('vectors that are written while their chunks change', () => {
  let gateway: TestGateway;
  let other: pg.Client;
  let chunks: Chunk[];
  let tries: number;
  let database: Database;

  beforeAll(async () => {
    gateway = await openTestGateway();
    other = new pg.Client({ connectionString: gateway.db.urls.superuser });
    await other.connect();
    await other.query('set search_path = tessera, public');
    // As a load has it: nothing is copied on a pipelined connection.
    const options = { size: 1, statementTimeoutMs: 20_000, pipeline: false, onIdleError: () => {} };
    const opened = await openPool({ ...options, url: gateway.db.urls.worker });
    // Told of a transaction whether it was committed or not.
    database = {
      ...opened,
      scopeDefaults: gateway.db.worker.scopeDefaults,
      watch: { onFlight: () => tries++ } as never,
    };
  });
  afterAll(async () => {
    await other.end();
    await database.close();
    await gateway.close();
  });
  beforeEach(async () => {
    await gateway.db.owner.query('delete from documents');
    const documents = ['one', 'two', 'three'].map((externalId) => ({
      externalId,
      ...{ collection: 'c', title: externalId, body: `The lamp ${externalId} is lit.` },
    }));
    await gateway.upsert(tenant, documents);
    const { rows } = await gateway.db.owner.query<Chunk>(
      `select id, document_id as "documentId", content_hash as "contentHash" from chunks order by id`,
    );
    chunks = rows;
    tries = 0;
  });

  const ways: [string, () => Promise<unknown>][] = [
    [
      'by a worker',
      () => {
        const documentOf = new Map(chunks.map(({ id, documentId }) => [id, documentId]));
        const [some, ...others] = chunks.map(({ id: chunkId }) => ({ chunkId, coarse: coarseVector(full), full }));
        // One that the model knows nothing of, too.
        const written = { embeddings: others, unembeddable: [some!.chunkId], documentOf };
        return transact(database, workerScope(tenant), (execute) =>
          writeVectors(tenant, gateway.deps.modelId, written, execute),
        );
      },
    ],
    ['by a load', () => adopt(undefined)],
    ['by a load that copies', () => adopt(copyEmbeddings)],
  ];

  function adopt(insertWith: typeof copyEmbeddings | undefined): Promise<number> {
    const vectors = chunks.map(({ documentId, contentHash }) => ({ documentId, contentHash, full, isNew: true }));
    return adoptVectors(database, gateway.deps.modelId, tenant, vectors, insertWith);
  }

  /** Does something in a transaction that ends when the writer waits for it. */
  async function meet(statement: string, write: () => Promise<unknown>): Promise<void> {
    await other.query('begin');
    await other.query(statement);
    const writing = write();
    await expect
      .poll(async () => {
        const { rows } = await gateway.db.owner.query(
          `select 1 from pg_stat_activity where datname = current_database() and usename = 'tessera_worker_login'
             and state = 'active' and wait_event_type = 'Lock'`,
        );
        return rows.length;
      })
      .toBe(1);
    await other.query('commit');
    await writing;
  }

  const written = async () =>
    (
      await gateway.db.owner.query(
        `select chunk_id as id, audience from embeddings union all select chunk_id, audience from unembeddable_chunks order by id`,
      )
    ).rows;

  test.each(ways)('%s are left out for one that is deleted, and the transaction runs once', async (_, write) => {
    await meet(`delete from chunks where id in ('${chunks[0]?.id}', '${chunks[2]?.id}')`, write);
    expect(await written()).toEqual([{ id: chunks[1]?.id, audience: 0 }]);
    expect(tries).toBe(1);
  });

  test.each(ways)('%s have the new audience of one whose document gets another, in one run', async (_, write) => {
    const { rows } = await gateway.db.owner.query<{ id: number }>(
      `insert into audiences (tenant_id, users, groups, digest)
       values ('${tenant}', '{ann}', '{}', sha256(gen_random_uuid()::text::bytea)) returning id`,
    );
    const audience = rows[0]?.id;
    await meet(`update documents set audience = ${audience}`, write);
    expect(await written()).toEqual(chunks.map(({ id }) => ({ id, audience })));
    expect(tries).toBe(1);
  });
});
