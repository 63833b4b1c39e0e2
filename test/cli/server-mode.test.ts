import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  describeServer,
  type EmptyDatabase,
  openEmptyDatabase,
  openTestDatabase,
  type TestDatabase,
} from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { serverEnv } from './gateway-process.ts';
import { ask, cleanUp, newFolder, run, start } from './program.ts';

afterAll(cleanUp);

type Env = Record<string, string>;

const documents = ['The lift goes to the roof.', 'The cellar floods in spring.'];

async function writeDocuments(): Promise<string> {
  const path = join(await newFolder(), 'house.jsonl');
  const lines = documents.map((body, index) =>
    JSON.stringify({ externalId: `${index}`, title: `House ${index}`, body }),
  );
  await writeFile(path, lines.join('\n'));
  return path;
}

describeServer('tessera migrate', () => {
  let empty: EmptyDatabase;
  let env: Env;
  beforeAll(async () => {
    empty = await openEmptyDatabase();
    env = serverEnv(empty.urls);
  });
  afterAll(() => empty.close());

  async function asSuperuser(query: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: empty.urls.superuser });
    await client.connect();
    const { rows } = await client.query(query).finally(() => client.end());
    return rows;
  }

  // One story: each test goes on with the database that the one before it left.

  test('needs the owner, by the name of the variable', async () => {
    const { status, stdout, stderr } = await run(['migrate'], env);
    expect([status, stdout]).toEqual([78, '']);
    expect(stderr).toMatch(/^tessera: MIGRATE_DATABASE_URL: not set; [^\n]+\n$/);
    env = { ...env, MIGRATE_DATABASE_URL: empty.urls.owner };
  });

  test('shows what is pending and what it would do, and does nothing', async () => {
    const status = await run(['migrate', '--status'], env);
    expect([status.status, status.stderr]).toEqual([0, '']);
    expect(status.stdout).toMatch(/^( +\d+ {2}\d{4}_\w+\.sql +pending\n)+$/);
    const dry = await run(['migrate', '--dry-run'], env);
    expect([dry.status, dry.stderr]).toEqual([0, '']);
    expect(dry.stdout).toMatch(/^would apply 0001_\w+\.sql\n(would apply \S+\n)+$/);
    expect((await run(['migrate', '--status'], env)).stdout).toBe(status.stdout);
  });

  test('a database that was not migrated is neither served nor worked on, and what to run is said', async () => {
    for (const command of ['serve', 'work']) {
      const { status, stderr } = await run([command], env);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^tessera: The database was never migrated\. Run "tessera migrate" [^\n]+\n$/);
    }
  });

  test('applies every file, gives the logins their passwords, and advises on an old pgvector', async () => {
    const passwordOf = (url: string) => decodeURIComponent(new URL(url).password);
    const before = await readVerifiers();
    const { status, stdout, stderr } = await run(['migrate'], {
      ...env,
      GATEWAY_PASSWORD: passwordOf(empty.urls.gateway),
      WORKER_PASSWORD: passwordOf(empty.urls.worker),
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^applying 0001_\w+\.sql\n(applying \S+\n)+The schema is up to date: (\d+) of \2 migrations applied\.\nPasswords set: tessera_gateway, tessera_worker_login\.\n$/,
    );
    expect(stderr).toMatch(/^(tessera: pgvector 0\.8\.[0-3] has known faults [^\n]+\n)?$/);
    // A verifier has a new salt each time that a password is set, be it the same.
    const after = await readVerifiers();
    expect(after.filter((verifier) => before.includes(verifier))).toEqual([]);
    expect((await run(['migrate', '--status'], env)).stdout).toMatch(/^( +\d+ {2}\S+ +applied \d{4}-\S+Z\n)+$/);

    async function readVerifiers(): Promise<unknown[]> {
      const rows = await asSuperuser(
        `select rolpassword as verifier from pg_authid where rolname in ('tessera_gateway', 'tessera_worker_login')`,
      );
      return rows.map(({ verifier }) => verifier);
    }
  });

  test('has nothing to do the second time, and leaves passwords alone that it is not given', async () => {
    expect((await run(['migrate'], env)).stdout).toBe('The schema is up to date: nothing to apply.\n');
    expect((await run(['migrate', '--dry-run'], env)).stdout).toBe(
      'The schema is up to date: nothing would be applied.\n',
    );
  });

  test('a server that is served from is ready, logs in JSON, and ends with 0', async () => {
    const server = start(['serve'], env);
    const [, url = ''] = await server.waitFor('stderr', /"url":"(http:[^"]+)","msg":"listening"/);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    const { stdout: token } = await run(['token', '--tenant', 'house', '--ttl', '1m'], env);
    expect(await ask(url, token.trim(), '{ viewer { tenantId } }')).toMatchObject({
      data: { viewer: { tenantId: 'house' } },
    });
    const { status, stdout, stderr } = await server.kill();
    expect([status, stdout]).toEqual([0, '']);
    for (const line of stderr.trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) });
  });

  test('a schema of a newer version is neither served nor migrated', async () => {
    await asSuperuser(`insert into tessera.schema_migrations values (9999, '9999_future.sql', 'x')`);
    for (const command of ['serve', 'migrate']) {
      const { status, stderr } = await run([command], env);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^tessera: The database has migration 9999_future\.sql, [^\n]*newer version[^\n]*\n$/);
    }
    expect((await run(['migrate', '--status'], env)).stdout).toMatch(
      /9999 {2}9999_future\.sql +applied \S+, by a newer Tessera\n$/,
    );
  });

  test('an owner who cannot log in is told in a line, without a password', async () => {
    const url = empty.urls.owner.replace(/:[^:@]+@/, ':hunter2@');
    const { status, stderr } = await run(['migrate'], { ...env, MIGRATE_DATABASE_URL: url });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tessera: The database cannot be reached as the owner of the schema: password [^\n]+\n$/);
    expect(stderr).not.toContain('hunter2');
  });
});

describeServer('a gateway and a worker on a server', () => {
  let db: TestDatabase;
  let embeddings: EmbeddingServer;
  beforeAll(async () => {
    db = await openTestDatabase();
    embeddings = await startEmbeddingServer();
  });
  afterAll(async () => {
    await embeddings.close();
    await db.close();
  });

  test('documents wait for a worker, are found by their words at once, and are embedded when one runs', async () => {
    const env = serverEnv(db.urls);
    const path = await writeDocuments();
    const stored = await run(['ingest', path, '--tenant', 'house', '--no-wait'], env);
    expect(stored.status).toBe(0);
    expect(stored.stdout).toMatch(
      /^2 documents in [^\n]+: 2 created, 0 updated, 0 unchanged; 0 lines invalid\.\n2 chunks, [^\n]+ of WAL meanwhile, [^\n]+\n/,
    );
    const search = ['search', 'the lift', '--tenant', 'house', '--first', '1'];
    expect((await run(search, env)).stdout).toMatch(/^1\. {2}House 0\n {4}[\d.]+ {2}default {2}by words\n/);

    const worker = start(['work'], env);
    const waited = await run(['ingest', path, '--tenant', 'house'], env);
    expect(waited.stdout).toContain(': 0 created, 0 updated, 2 unchanged;');
    expect((await run(search, env)).stdout).toMatch(/^1\. {2}House 0\n {4}[\d.]+ {2}default {2}by meaning and words\n/);
    expect(await worker.kill('SIGTERM')).toMatchObject({ status: 0, stdout: '' });
  });

  test('a worker needs its own login', async () => {
    const { status, stderr } = await run(['work'], { ...serverEnv(db.urls), WORKER_DATABASE_URL: '' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^tessera: The database does not let this login work as tessera_worker: [^\n]+\n$/);
  });

  test('the demo tenants are loaded once, with a token for each and a search to paste', async () => {
    const env = { ...serverEnv(db.urls), HOST: '127.0.0.1', PORT: '4321' };
    const first = await run(['demo'], env);
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^Stored \d{3} demo documents of 3 tenants\.\n/);
    expect(first.stdout.match(/^eyJ\S+$/gm)).toHaveLength(3);
    expect(first.stdout).toMatch(/^curl -s http:\/\/127\.0\.0\.1:4321\/graphql /m);
    const second = await run(['demo'], env);
    expect(second.status).toBe(0);
    expect(second.stdout).toMatch(/^The demo tenants are there already\.\n/);
    const { rows } = await db.owner.query(
      'select count(*)::int as waiting, (select count(*)::int from tessera.documents) as documents from tessera.embedding_jobs',
    );
    expect(rows).toEqual([{ waiting: 0, documents: Number(/\d{3}/.exec(first.stdout)) + documents.length }]);
  });

  test('vectors of two models are not mixed: the second model is refused with what to set', async () => {
    const env = {
      ...serverEnv(db.urls),
      EMBEDDER: 'openai',
      EMBEDDING_BASE_URL: embeddings.baseUrl,
      EMBEDDING_MODEL: 'text-embedding-test',
      EMBEDDING_DIMENSIONS: '512',
    };
    const { status, stderr } = await run(['serve'], env);
    expect(status).toBe(78);
    expect(stderr).toMatch(
      /tessera: The vectors in this database were made by static-en-512 [^\n]*Set EMBEDDER[^\n]*\n$/,
    );

    // An empty database takes that model, and then refuses the built-in one.
    const other = await openTestDatabase();
    try {
      const urls = { DATABASE_URL: other.urls.gateway, WORKER_DATABASE_URL: other.urls.worker };
      const path = await writeDocuments();
      const stored = await run(['ingest', path, '--tenant', 'house'], { ...env, ...urls, WORKER_IN_SERVE: 'true' });
      expect(stored.stdout).toMatch(/^2 documents in .*\n2 chunks, .* of WAL meanwhile.*\n2 chunks embedded in /);
      expect(embeddings.requests.length).toBeGreaterThan(0);
      const refused = await run(['search', 'lift', '--tenant', 'house'], { ...serverEnv(db.urls), ...urls });
      expect(refused.status).toBe(78);
      expect(refused.stderr).toMatch(/were made by text-embedding-test \(512 dimensions\)/);
    } finally {
      await other.close();
    }
  });
});

describe('where tokens are verified with public keys', () => {
  test('none is signed here', async () => {
    const env = {
      DATABASE_URL: 'postgres://a:b@127.0.0.1:9/c',
      JWT_JWKS_URL: 'https://issuer.example/keys',
      JWT_ISSUER: 'https://issuer.example',
      JWT_AUDIENCE: 'tessera',
    };
    for (const args of [['token', '--tenant', 'a'], ['search', 'x', '--tenant', 'a'], ['demo']]) {
      const { status, stderr } = await run(args, env);
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/^tessera: Tokens are verified with public keys or for several issuers here[^\n]+\n$/),
      ]);
    }
  });
});
