import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../src/doctor/finding.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { manyDimensions, seedMany } from '../support/seed-many.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, run } from './program.ts';

afterAll(cleanUp);

describeServer('tessera doctor, of tenants that have two models', () => {
  let db: TestDatabase;
  let server: EmbeddingServer;
  let env: Record<string, string>;
  let firstId: number;
  let secondId: number;

  /** Settings of one model, with something before each. */
  const settings = (prefix: '' | 'NEXT_', model: string, baseUrl: string) => ({
    ...{ [`${prefix}EMBEDDER`]: 'openai', [`${prefix}EMBEDDING_BASE_URL`]: baseUrl },
    ...{ [`${prefix}EMBEDDING_MODEL`]: model, [`${prefix}EMBEDDING_DIMENSIONS`]: `${manyDimensions}` },
  });

  beforeAll(async () => {
    db = await openTestDatabase();
    firstId = await seedMany(db.urls.superuser, { stayed: 2_000, moved: 3_000 });
    const { rows } = await db.owner.query(
      `insert into models (name, dimensions) values ('next-256', ${manyDimensions}) returning id`,
    );
    secondId = rows[0]?.id;
    // As if it had been cut over, and its first model retired and erased.
    await db.owner.query(`begin; set local session_replication_role = replica;
      update tenant_models set model_id = ${secondId} where tenant_id = 'moved';
      update embeddings set model_id = ${secondId} where tenant_id = 'moved';
      update chunks set content_hash = sha256(convert_to(length(context) || ':' || context || length(text) || ':' || text, 'UTF8'));
      commit`);
    await db.owner.query('vacuum analyze embeddings, documents');
    await db.owner.query('vacuum chunks');
    server = await startEmbeddingServer({ dimensions: manyDimensions });
    env = { ...serverEnv(db.urls), ...settings('', 'many-256', server.baseUrl) };
  });
  afterAll(async () => {
    await server.close();
    await db.close();
  });

  async function look(change: Record<string, string> = settings('NEXT_', 'next-256', server.baseUrl)) {
    const { stdout, stderr } = await run(['doctor', '--json'], { ...env, ...change });
    if (!stdout) throw new Error(stderr);
    const findings = JSON.parse(stdout) as Finding[];
    // The containers of tests have pgvector 0.8.0, the server's settings are its own, and dead rows are told of late.
    const other = ['versions', 'settings', 'vacuum'];
    return { findings, bad: findings.filter(({ check, level }) => level !== 'ok' && !other.includes(check)) };
  }

  test('asks both for a vector, plans each tenant’s searches by its own model, and a worker’s claims by both', async () => {
    const { findings, bad } = await look();
    expect(bad).toEqual([]);
    const found = (check: string) => findings.filter((one) => one.check === check).map((one) => one.found);
    expect(found('models')).toEqual(['many-256 and next-256 of tenants: configured here']);
    expect(found('embedder')).toEqual([
      expect.stringMatching(/^many-256 \(256 dimensions\) embedded a text/),
      expect.stringMatching(/^next-256 \(256 dimensions\) embedded a text/),
    ]);
    expect(found('plans')).toEqual([
      'moved (3,000 chunks of next-256): 19 strategies are planned as expected',
      'stayed (2,000 chunks of many-256): 19 strategies are planned as expected',
      'worker: 2 strategies are planned as expected',
    ]);
  });

  test('finds a second model that gives no vector, and one that is not configured', async () => {
    const { bad } = await look(settings('NEXT_', 'next-256', `${server.baseUrl}/nothing`));
    expect(bad).toEqual([
      expect.objectContaining({
        ...{ check: 'embedder', level: 'fault' },
        found: expect.stringMatching(/^next-256 \(256 dimensions\) gave no vector/),
      }),
    ]);
    expect((await look({})).bad).toEqual([
      expect.objectContaining({
        ...{ check: 'models', level: 'fault' },
        found: 'next-256 (256 dimensions) is the model of some tenants, and not configured here',
      }),
    ]);
  });

  test('tells a candidate’s queue apart from what the active model has yet to embed', async () => {
    const queue = (
      modelId: number,
      role: 'active' | 'candidate',
    ) => `begin; set local session_replication_role = replica;
      insert into tenant_models (tenant_id, model_id, role) values ('moved', ${modelId}, '${role}') on conflict do nothing;
      insert into embedding_jobs (tenant_id, model_id, chunk_id, created_at)
        select 'moved', ${modelId}, id, now() - interval '30 minutes' from chunks where tenant_id = 'moved' order by id limit 7;
      commit`;
    const jobs = async () =>
      (await look()).findings.filter(({ check }) => check === 'jobs').map(({ level, found }) => [level, found]);
    await db.owner.query(queue(firstId, 'candidate'));
    expect(await jobs()).toEqual([
      ['ok', 'nothing waits for its vector; 7 chunks wait for a model beside the active one'],
    ]);
    await db.owner.query(queue(secondId, 'active'));
    expect(await jobs()).toEqual([['warning', '7 chunks wait for their vectors, the oldest for 30 minutes']]);
    await db.owner.query(`delete from embedding_jobs; delete from tenant_models where role = 'candidate'`);
  });

  test('finds chunks that the active model will never embed, though the other one has', async () => {
    await db.owner.query(`begin; set local session_replication_role = replica;
      insert into tenant_models (tenant_id, model_id, role, replaces) values ('moved', ${firstId}, 'candidate', ${secondId});
      update embeddings set model_id = ${firstId}
        where tenant_id = 'moved' and chunk_id in (select id from chunks where tenant_id = 'moved' order by id limit 2);
      commit`);
    const { bad } = await look();
    expect(bad.map(({ check, found }) => [check, found])).toEqual([
      ['orphans', 'moved: 2 chunks have no vector and no job'],
      ['drift', 'moved: documents, chunks and vectors are out of step: 2 missing'],
    ]);
  });
});
