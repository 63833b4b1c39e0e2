import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tenant as tenantCommand } from '../../src/cli/tenant/tenant.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { createTestContext } from './context.ts';
import { type GatewayProcess, serverEnv, startGateway } from './gateway-process.ts';
import { ask, cleanUp, newFolder, run, until } from './program.ts';

afterAll(cleanUp);

/** Each command is a process of its own, and a test has up to seven of them. */
const patienceMs = 120_000;

/** Without advice on the server's versions. */
const quiet = (env: Record<string, string>) => ({ ...env, LOG_LEVEL: 'error' });

describe('tessera tenant', { timeout: patienceMs }, () => {
  let gateway: GatewayProcess;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.close());

  const tenant = (...args: string[]) => run(['tenant', ...args], quiet(gateway.env));
  const viewerOf = async (id: string) => {
    const { stdout } = await run(['token', '--tenant', id], gateway.env);
    const { data, errors } = await ask(gateway.url, stdout.trim(), '{ viewer { tenantId } tenant { documents } }');
    return errors?.[0]?.message ?? data;
  };

  // One story: each test goes on with the tenant that the one before it left.

  test('creates a tenant, lists it, renames it', async () => {
    expect(await tenant('create', 'house', '--name', 'The House')).toEqual({
      status: 0,
      stdout: 'house is created.\n',
      stderr: '',
    });
    expect(await tenant('create', 'house')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^tessera: There is a tenant house already/),
    });
    expect((await tenant('rename', 'house', 'Our House')).stdout).toBe('house is renamed.\n');
    expect((await tenant('list')).stdout).toMatch(
      /^tenant +status +tier .*\n(.*\n)*house +active +- +0 +0 +0 .*Our House\n/m,
    );
  });

  test('suspends it, which a gateway that runs elsewhere keeps to at once, and resumes it', async () => {
    expect(await viewerOf('house')).toMatchObject({ viewer: { tenantId: 'house' } });
    expect((await tenant('suspend', 'house')).stdout).toBe('house is suspended.\n');
    expect(await viewerOf('house')).toMatch(/^The tenant is suspended/);
    expect((await tenant('list', '--status', 'suspended')).stdout).toMatch(/\nhouse +suspended/);
    expect((await tenant('list', '--status', 'active')).stdout).not.toMatch(/house/);
    expect((await tenant('resume', 'house')).stdout).toBe('house is active.\n');
    expect(await viewerOf('house')).toMatchObject({ viewer: { tenantId: 'house' } });
  });

  test('deletes it, waits for the worker, and prints the receipt', async () => {
    const deleted = await tenant('delete', 'house', '--yes', '--wait');
    expect(deleted.status).toBe(0);
    expect(deleted.stdout).toMatch(
      /^house was erased at 20\S+Z: \d+ rows of \d+ tables, in which nothing of it is left\.\n( {2}\w+ +\d+ erased +0 left\n)+$/,
    );
    expect(deleted.stdout).toMatch(/ {2}documents +0 erased +0 left\n/);
    expect((await tenant('receipt', 'house')).stdout).toBe(deleted.stdout);
    expect(await viewerOf('house')).toMatch(/^The tenant was deleted/);
    expect(await tenant('receipt', 'nobody')).toMatchObject({
      status: 1,
      stderr: 'tessera: No tenant nobody was ever deleted here.\n',
    });
  });
});

describe('tessera tenant, called wrongly', () => {
  test.each([
    [[], /One of list, create, .* is missing/],
    [['burn', 'x'], /tenant received "burn"/],
    [['suspend'], /The id of the tenant is missing/],
    [['suspend', 'a b'], /The tenant id "a b" is not usable/],
    [['suspend', 'a', 'b'], /"b" is not expected here/],
    [['rename', 'a'], /The new name is missing/],
    [['delete', 'a'], /Deleting a cannot be taken back; --yes is missing/],
    [['import'], /The file is missing/],
    [['list', '--status', 'odd'], /--status received "odd"/],
  ])('says what is wrong with %j, and does nothing', async (args, says) => {
    const context = createTestContext();
    await expect(tenantCommand.run(context, args)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringMatching(says),
    });
    expect(context.printed).toEqual([]);
  });
});

describeServer('tessera tenant export and import', { timeout: patienceMs }, () => {
  let here: GatewayProcess;
  let elsewhere: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    here = await startGateway();
    elsewhere = await openTestDatabase();
    folder = await newFolder();
    const documents = [
      {
        externalId: 'lift',
        title: 'The lift',
        body: 'It goes to the roof.\n\nIt stops at night.',
        metadata: { year: 2026, tags: ['a'] },
        url: 'https://house.example/lift',
      },
      {
        externalId: 'keller',
        title: 'Der Keller',
        body: 'Er läuft im Frühjahr voll. 🌊',
        collection: 'haus',
        status: 'draft',
      },
      ...Array.from({ length: 45 }, (_, i) => ({
        externalId: `n${i}`,
        title: `Note ${i}`,
        body: `Note number ${i} of the house.`,
        ...(i === 8 && { expiresAt: '2999-01-01T00:00:00Z' }),
        ...(i === 7 && { acl: { users: ['concierge'], groups: ['cleaners'] } }),
      })),
      { externalId: 'gone', title: 'Gone', body: 'It is deleted before anybody exports it.' },
    ];
    const path = join(folder, 'house.jsonl');
    await writeFile(path, documents.map((one) => JSON.stringify(one)).join('\n'));
    await run(
      [
        'define',
        'haus',
        '--tenant',
        'house',
        '--language',
        'german',
        '--attribute',
        'year:number',
        '--chunks',
        'sentence',
      ],
      here.env,
    );
    expect((await run(['ingest', path, '--tenant', 'house'], here.env)).status).toBe(0);
    await run(['ingest', path, '--tenant', 'neighbour', '--no-wait'], here.env);
    // And one without a key of its own.
    const { stdout: token } = await run(['token', '--tenant', 'house'], here.env);
    await ask(
      here.url,
      token.trim(),
      'mutation { upsertDocuments(input: [{ collection: "loose", title: "Loose", body: "Kept by its id." }]) { __typename } }',
    );
    await ask(
      here.url,
      token.trim(),
      'mutation { deleteByFilter(filter: { externalId: { eq: "gone" } }) { deleted } }',
    );
    await until(async () => {
      const { tenant } = await here.askAs<{ tenant: { pendingChunks: number } }>(
        'house',
        '{ tenant { pendingChunks } }',
      );
      return tenant.pendingChunks === 0 || undefined;
    });
  });
  afterAll(async () => {
    await here.close();
    await elsewhere.close();
  });

  const linesOf = async (path: string) => (await readFile(path, 'utf8')).trimEnd().split('\n');
  /** Without the moment at which it was written. */
  const comparable = (lines: readonly string[]) => lines.map((line) => line.replace(/"exportedAt":"[^"]*",/, ''));
  const there = () => quiet(serverEnv(elsewhere.urls));

  test('a tenant that is exported with its vectors and imported elsewhere is the same there, byte for byte, and nothing is embedded', async () => {
    const path = join(folder, 'whole.jsonl');
    const exported = await run(['tenant', 'export', 'house', '--to', path, '--vectors'], quiet(here.env));
    expect(exported).toEqual({ status: 0, stdout: '', stderr: '48 documents of house exported with their vectors.\n' });
    const lines = await linesOf(path);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      format: 'tessera-tenant',
      version: 1,
      tenant: { id: 'house' },
      collections: [
        {
          name: 'haus',
          language: 'german',
          attributes: [{ name: 'year', type: 'number' }],
          chunking: { kind: 'sentence' },
        },
      ],
      model: { name: 'static-en-512', dimensions: 512 },
    });
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ end: { documents: 48 } });
    const restricted = lines.flatMap((line) => JSON.parse(line).document ?? []).filter(({ acl }) => acl !== null);
    expect(restricted).toMatchObject([{ externalId: 'n7', acl: { users: ['concierge'], groups: ['cleaners'] } }]);

    const expiring = lines
      .flatMap((line) => JSON.parse(line).document ?? [])
      .filter(({ expiresAt }) => expiresAt !== null);
    expect(expiring).toMatchObject([{ externalId: 'n8', expiresAt: '2999-01-01T00:00:00.000Z' }]);

    const imported = await run(['tenant', 'import', path], there());
    expect(imported).toEqual({
      status: 0,
      stdout: '48 documents imported, 0 of them unchanged; 48 vectors came along.\n',
      stderr: expect.stringMatching(
        /^What has no vector yet waits for a worker, as the job \S+: the query "job" tells how far it is\.\n$/,
      ),
    });
    const [, job] = /the job (\S+):/.exec(imported.stderr) ?? [];
    expect((await elsewhere.owner.query('select id, total from jobs')).rows).toEqual([
      {
        id: Buffer.from(job ?? '', 'base64')
          .toString()
          .replace('Job:', ''),
        total: 48,
      },
    ]);
    expect((await elsewhere.owner.query('select count(*)::int as jobs from embedding_jobs')).rows).toEqual([
      { jobs: 0 },
    ]);
    const back = join(folder, 'back.jsonl');
    await run(['tenant', 'export', 'house', '--to', back, '--vectors'], there());
    expect(comparable(await linesOf(back))).toEqual(comparable(lines));
    // What is found is found there, too, in the language of its collection.
    const search = ['search', 'Keller im Frühjahr', '--tenant', 'house', '--first', '1'];
    expect((await run(search, there())).stdout).toBe((await run(search, here.env)).stdout);

    const again = await run(['tenant', 'import', path], there());
    expect(again.stdout).toBe('48 documents imported, 48 of them unchanged; 0 vectors came along.\n');

    // What was deleted there in the meantime begins anew, with or without a key of its own.
    await elsewhere.owner.query(
      `update documents set deleted_at = now() where external_id = 'n3' or external_id is null`,
    );
    const anew = await run(['tenant', 'import', path], there());
    expect(anew.stdout).toBe('48 documents imported, 46 of them unchanged; 2 vectors came along.\n');
    await run(['tenant', 'export', 'house', '--to', back, '--vectors'], there());
    expect(comparable(await linesOf(back))).toEqual(comparable(lines));
  });

  test('another tenant’s name may be given, lines may go to standard output, and what has no vector is embedded', async () => {
    const { stdout, stderr } = await run(['tenant', 'export', 'house'], quiet(here.env));
    expect(stderr).toBe('48 documents of house exported.\n');
    expect(stdout.trimEnd().split('\n')).toHaveLength(50);
    expect(stdout).not.toContain('"vectors"');
    expect(JSON.parse(stdout.slice(0, stdout.indexOf('\n')))).toMatchObject({ model: null });
    const path = join(folder, 'texts.jsonl');
    await writeFile(path, stdout);
    const imported = await run(['tenant', 'import', path, '--tenant', 'copy'], { ...there(), WORKER_IN_SERVE: 'true' });
    expect(imported.stdout).toBe('48 documents imported, 0 of them unchanged; 0 vectors came along.\n');
    const { rows } = await elsewhere.owner.query(
      `select (select count(*)::int from embeddings where tenant_id = 'copy') as embedded, (select count(*)::int from embedding_jobs) as jobs`,
    );
    expect(rows).toEqual([{ embedded: 48, jobs: 0 }]);
    const copied = await run(['tenant', 'export', 'copy'], there());
    expect(comparable(copied.stdout.split('\n')).slice(1)).toEqual(comparable(stdout.split('\n')).slice(1));
  });

  test('a suspended tenant can be exported, one that does not exist cannot', async () => {
    await run(['tenant', 'suspend', 'neighbour'], quiet(here.env));
    const { status, stdout } = await run(['tenant', 'export', 'neighbour'], quiet(here.env));
    expect([status, stdout.trimEnd().split('\n').length]).toEqual([0, 50]);
    expect(await run(['tenant', 'export', 'nobody'], quiet(here.env))).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^tessera: There is no tenant nobody/),
    });
  });

  test('an export leaves a row in the audit log of the tenant, before anything of it is read', async () => {
    await run(['tenant', 'export', 'copy'], there());
    const { rows } = await elsewhere.owner.query(
      `select distinct on (tenant_id) tenant_id, subject, by_operator, target_kind, target_ids, details
       from audit_log where action = 'exportTenant' and tenant_id = 'copy' order by tenant_id, at desc`,
    );
    expect(rows).toEqual([
      {
        tenant_id: 'copy',
        subject: expect.stringMatching(/^machine:./),
        by_operator: true,
        target_kind: 'tenant',
        target_ids: ['copy'],
        details: { documents: 48, vectors: false },
      },
    ]);
  });

  test('a file that was cut off, or is damaged, is told by its line, and what stands before is stored', async () => {
    const lines = await linesOf(join(folder, 'texts.jsonl'));
    const importOf = async (...parts: string[]) => {
      const path = join(folder, 'damaged.jsonl');
      await writeFile(path, parts.join('\n'));
      const { status, stderr } = await run(['tenant', 'import', path, '--tenant', 'damaged'], there());
      expect(status).toBe(1);
      return stderr;
    };
    const [header = '', first = '', ...others] = lines;
    expect(await importOf(header, first, ...others.slice(0, 3))).toMatch(/was cut off: it has no end/);
    expect(await importOf(header, first, others[0] ?? '', '{"end":{"documents":48}}')).toMatch(/was cut off/);
    expect(await importOf(first)).toMatch(/^tessera: Line 1: the file does not begin with a header\./);
    expect(await importOf(header, first, '{"document":')).toMatch(/^tessera: Line 3: it is not JSON/);
    expect(await importOf(header, first, first.replace(/"title":"[^"]*"/, '"title":" "'))).toMatch(
      /^tessera: Line 3: the title is empty/,
    );
    const { rows } = await elsewhere.owner.query(
      `select count(*)::int as documents from documents where tenant_id = 'damaged'`,
    );
    expect(rows).toEqual([{ documents: 4 }]);
  });

  test('a worker’s login reads one tenant whole and the gateway’s none', async () => {
    const read = async (db: typeof elsewhere.worker) => {
      const client = await db.pool.connect();
      try {
        await client.query(`begin read only; set local role tessera_exporter; set local tessera.tenant_id = 'copy'`);
        return (await client.query('select distinct tenant_id from tessera.documents')).rows;
      } finally {
        await client.query('rollback');
        client.release();
      }
    };
    expect(await read(elsewhere.worker)).toEqual([{ tenant_id: 'copy' }]);
    await expect(read(elsewhere.database)).rejects.toMatchObject({ code: '42501' });
  });
});
