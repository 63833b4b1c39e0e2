import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../../support/embedding-server.ts';
import { type GatewayProcess, serverEnv, startGateway } from '../gateway-process.ts';
import { cleanUp, newFolder, run, start } from '../program.ts';
import { balloonLine, tallyOf, writeBalloons, writeLines } from './balloons.ts';

let folder: string;
let provider: EmbeddingServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  folder = await newFolder();
  provider = await startEmbeddingServer({ dimensions: 512 });
  provider.misbehave({ kind: 'refuseWord', word: 'poison' });
  gateway = await startGateway({
    EMBEDDER: 'openai',
    EMBEDDING_BASE_URL: provider.baseUrl,
    EMBEDDING_API_KEY: 'a-key',
    EMBEDDING_MODEL: 'a-model',
    EMBEDDING_DIMENSIONS: '512',
  });
});
afterAll(async () => {
  await gateway?.close();
  await cleanUp();
  await provider.close();
});

test('chunks that the provider refuses are told, not counted as embedded, and make the run fail unless such are skipped', async () => {
  const lines = [1, 2, 3, 4, 5].map((number) => balloonLine(number, number === 2 ? { body: 'A poison text.' } : {}));
  const ingest = async (tenant: string, ...options: string[]) =>
    run(
      ['ingest', await writeLines(folder, tenant, lines), '--tenant', tenant, '--url', gateway.url, ...options],
      gateway.env,
    );
  const sentence =
    'The embedding provider refused 1 chunk, which is found by its words only. The query "deadLetters" tells which and why; the mutation "requeue" sends them again.\n';
  // Each waits some seconds for its text to be refused three times.
  const [strict, lenient] = await Promise.all([ingest('strict'), ingest('lenient', '--skip-invalid')]);
  expect([strict.status, tallyOf(strict.stdout)]).toEqual([1, [5, 0, 0, 0]]);
  expect(strict.stdout).toMatch(/^4 chunks embedded in /m);
  expect(strict.stderr.endsWith(`tessera: ${sentence}`)).toBe(true);
  expect([lenient.status, tallyOf(lenient.stdout)]).toEqual([0, [5, 0, 0, 0]]);
  expect(lenient.stdout).toMatch(/^4 chunks embedded in /m);
  expect(lenient.stderr.endsWith(sentence)).toBe(true);
  expect(await gateway.askAs('lenient', '{ deadLetters { reason } }')).toMatchObject({
    deadLetters: [{ reason: expect.stringContaining('HTTP status 400') }],
  });
});

describeServer('a tenant with chunks of other writes that wait', () => {
  let db: TestDatabase;
  let env: Record<string, string>;
  beforeAll(async () => {
    db = await openTestDatabase();
    env = { ...serverEnv(db.urls), LOG_LEVEL: 'error' };
  });
  afterAll(() => db.close());

  const ingest = (path: string, ...options: string[]) => ['ingest', path, '--tenant', 'busy', ...options];
  const putOff = (time: string) => db.owner.query(`update tessera.embedding_jobs set available_at = ${time}`);

  test('has a file ingested without waiting for them, and one that left nothing to embed says for whom it waits', async () => {
    const others = await writeBalloons(folder, 'others', 3);
    const stored = await run(ingest(others, '--no-wait'), env);
    expect(stored.stdout).toMatch(
      /^3 chunks, [\d.,]+ a second; the server wrote [\d,]+ bytes of WAL meanwhile, [\d,]+ a chunk\.$/m,
    );
    const [, job] = /^Its vectors are made as the job (\S+)\.$/m.exec(stored.stdout) ?? [];
    expect((await db.owner.query('select id, total from tessera.jobs')).rows).toEqual([
      {
        id: Buffer.from(job ?? '', 'base64')
          .toString()
          .replace('Job:', ''),
        total: 3,
      },
    ]);
    await putOff("now() + interval '1 hour'");
    const worker = start(['work'], env);
    const own = await run(ingest(await writeLines(folder, 'own', [balloonLine(7)])), env);
    expect([own.status, own.stderr]).toEqual([0, '']);
    expect(own.stdout).toMatch(/^1 chunk embedded in /m);
    const waiting = async () =>
      (await db.owner.query('select count(*)::int as jobs from tessera.embedding_jobs')).rows[0];
    expect(await waiting()).toEqual({ jobs: 3 });
    const again = start(ingest(others), env);
    await again.waitFor(
      'stderr',
      /This run left nothing to embed\. 3 chunks wait for their vectors, left by other writes of the tenant/,
    );
    await putOff('now()');
    const { status, stdout } = await again.finished;
    expect([status, tallyOf(stdout)]).toEqual([0, [0, 0, 3, 0]]);
    expect(stdout).toMatch(/^No chunk of the tenant waits for its vector any more; the last 3 in /m);
    expect(await waiting()).toEqual({ jobs: 0 });
    await worker.kill();
  });

  test('is loaded into where the server does not say how far its log is', async () => {
    await db.owner.query('revoke execute on function pg_current_wal_insert_lsn() from public');
    for (const direct of [[], ['--direct']]) {
      const { status, stdout } = await run(
        ingest(await writeBalloons(folder, 'silent', 2), '--no-wait', ...direct),
        env,
      );
      expect([status, tallyOf(stdout).reduce((sum, count) => sum + count)]).toEqual([0, 2]);
      expect(stdout).not.toContain('WAL');
    }
  });
});
