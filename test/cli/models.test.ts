import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, newFolder, run, start } from './program.ts';

afterAll(cleanUp);

describeServer('tessera models', () => {
  let db: TestDatabase;
  let server: EmbeddingServer;
  let one: Record<string, string>;
  let both: Record<string, string>;
  const chunks = 1_200;

  beforeAll(async () => {
    db = await openTestDatabase();
    server = await startEmbeddingServer({ dimensions: 256 });
    one = serverEnv(db.urls);
    both = {
      ...one,
      NEXT_EMBEDDER: 'openai',
      NEXT_EMBEDDING_BASE_URL: server.baseUrl,
      NEXT_EMBEDDING_MODEL: 'hashed',
      NEXT_EMBEDDING_DIMENSIONS: '256',
      NEXT_EMBEDDING_BATCH_SIZE: '16',
    };
    const path = join(await newFolder(), 'house.jsonl');
    const lines = Array.from({ length: chunks }, (_, i) =>
      JSON.stringify({ externalId: `${i}`, title: `Room ${i}`, body: `The room with the number ${i} has a window.` }),
    );
    await writeFile(path, lines.join('\n'));
    const { status, stderr } = await run(['ingest', path, '--tenant', 'alpha', '--no-wait'], one);
    expect(status, stderr).toBe(0);
    await embedUntil(one, async () => (await count('embeddings')) === chunks);
  }, 120_000);
  afterAll(async () => {
    await server.close();
    await db.close();
  });

  async function count(table: string, condition = 'true'): Promise<number> {
    const { rows } = await db.owner.query<{ count: number }>(`select count(*)::int from ${table} where ${condition}`);
    return rows[0]?.count ?? 0;
  }

  /** Runs a worker until something is so, and then kills it, whatever it is doing. */
  async function embedUntil(env: Record<string, string>, isSo: () => Promise<boolean>): Promise<void> {
    const worker = start(['work'], env);
    try {
      for (const endMs = Date.now() + 60_000; !(await isSo()); await wait(10)) {
        if (Date.now() > endMs) throw new Error('It did not come to that within a minute.');
      }
    } finally {
      await worker.kill('SIGKILL');
    }
  }

  const models = async (...args: string[]) => {
    const { status, stdout, stderr } = await run(['models', ...args], both);
    return { status, stdout, stderr };
  };

  test('says what is missing', async () => {
    expect(await run(['models', 'add', '--tenant', 'alpha'], one)).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('NEXT_EMBEDDER: not set'),
    });
    expect(await models('cut-over')).toMatchObject({ status: 64, stderr: expect.stringContaining('--tenant or') });
    expect((await models('cut-over', '--tenant', 'alpha')).stdout).toContain('no tenant has a second model');
  });

  test('fills a model though the worker is killed again and again', async () => {
    const { status, stdout } = await models('add', '--tenant', 'alpha');
    expect([status, stdout.trim()]).toEqual([0, 'alpha: hashed is added; the worker fills it.']);
    for (const share of [0.1, 0.3, 0.6])
      await embedUntil(both, async () => (await count('embeddings', 'dimensions = 256')) >= share * chunks);
    expect(await count('embeddings', 'dimensions = 256')).toBeLessThan(chunks);
    expect(await models('cut-over', '--tenant', 'alpha')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/alpha: hashed lacks \d+ vectors that static-en-512 has/),
    });
    // What a killed worker had claimed comes back when its lease is over.
    await db.owner.query('update embedding_jobs set available_at = now()');
    await embedUntil(both, async () => (await count('embeddings', 'dimensions = 256')) === chunks);
    expect(await count('embedding_jobs')).toBe(0);
    const { rows } = await db.owner.query(`select total, done from jobs where kind = 'backfill'`);
    expect(rows).toEqual([{ total: chunks, done: chunks }]);
  }, 120_000);

  test('compares, cuts over, rolls back and retires', async () => {
    const compared = await models('compare', '--tenant', 'alpha', '--sample', '10');
    expect(compared.status, compared.stderr).toBe(0);
    expect(compared.stdout).toMatch(/sentences of passages +10 +10\n/);
    expect(compared.stdout).toMatch(/overlap@10 +[01]\.\d{3} +[01]\.\d{3}\n/);
    expect(compared.stdout).toMatch(/latency p95 +\d+\.\d ms +\d+\.\d ms/);
    expect((await models('cut-over', '--all-tenants')).stdout).toBe('alpha is searched by hashed now.\n');
    expect((await models('cut-over', '--all-tenants')).stdout).toContain('it was done before');
    expect(await models('roll-back', '--tenant', 'alpha')).toMatchObject({
      stdout: 'alpha is searched by static-en-512 now.\n',
    });
    expect((await models('cut-over', '--tenant', 'alpha')).status).toBe(0);
    expect((await run(['work'], one)).stderr).toContain('were made by hashed (256 dimensions)');
    expect(await models('retire', '--tenant', 'alpha')).toMatchObject({ status: 64 });
    const listed = await models('list', '--tenant', 'alpha');
    expect(listed.stdout).toMatch(/static-en-512 +candidate +1,200/);
    expect(listed.stdout).toMatch(/hashed +active +1,200/);
  }, 60_000);

  test('erases a retired model though whoever does it is killed', async () => {
    const retiring = start(['models', 'retire', '--tenant', 'alpha', '--yes'], both);
    for (const endMs = Date.now() + 30_000; (await count('embeddings', 'dimensions = 512')) === chunks; await wait(1))
      if (Date.now() > endMs) throw new Error('Nothing was erased within 30 s.');
    await retiring.kill('SIGKILL');
    await embedUntil(both, async () => (await count('tenant_models', 'emptied_at is not null')) === 1);
    expect(await count('embeddings', 'dimensions = 512')).toBe(0);
    expect(await count('embeddings', 'dimensions = 256')).toBe(chunks);
  }, 90_000);
});
