import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../src/doctor/finding.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { type EmbeddingServer, startEmbeddingServer } from '../support/embedding-server.ts';
import { manyDimensions, seedMany } from '../support/seed-many.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, run } from './program.ts';

afterAll(cleanUp);

describeServer('tessera doctor', () => {
  let db: TestDatabase;
  let server: EmbeddingServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    db = await openTestDatabase();
    await seedMany(db.urls.superuser, { small: 50, middle: 500, large: 3_000 });
    const { rows } = await db.owner.query<{ name: string }>('select current_database() as name');
    // Off by default, which is a finding.
    await db.owner.query(`alter database ${rows[0]?.name} set wal_compression = pglz`);
    server = await startEmbeddingServer({ dimensions: manyDimensions });
    env = {
      ...{ ...serverEnv(db.urls), MIGRATE_DATABASE_URL: db.urls.owner },
      ...{ EMBEDDER: 'openai', EMBEDDING_BASE_URL: server.baseUrl, EMBEDDING_MODEL: 'many-256' },
      EMBEDDING_DIMENSIONS: `${manyDimensions}`,
    };
  });
  afterAll(async () => {
    await server.close();
    await db.close();
  });

  async function look(args: readonly string[] = [], change: Record<string, string> = {}) {
    const { status, stdout, stderr } = await run(['doctor', '--json', ...args], { ...env, ...change });
    if (!stdout) throw new Error(stderr);
    const findings = JSON.parse(stdout) as Finding[];
    // The containers of tests have pgvector 0.8.0.
    return { status, stderr, bad: findings.filter(({ check, level }) => level !== 'ok' && check !== 'versions') };
  }

  test('finds nothing wrong with a database as migrations leave it', async () => {
    const { status, stderr, bad } = await look();
    expect({ status, stderr, bad }).toEqual({ status: 0, stderr: '', bad: [] });
  });

  test('prints a line for each check, and below it what to do, without colours where nobody looks', async () => {
    const { status, stdout } = await run(['doctor'], env);
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b');
    const lines = stdout.split('\n');
    for (const check of [
      'lock',
      'schema',
      'versions',
      'indexes',
      'tiers',
      'vacuum',
      'autovacuum',
      'settings',
      'memory',
      'recall',
      'models',
      'jobs',
      'drift',
      'plans',
      'orphans',
      'owner',
      'embedder',
    ])
      expect(
        lines.some((line) => new RegExp(`^(ok|warning)\\s+${check}\\s+\\S`).test(line)),
        check,
      ).toBe(true);
    for (const tenant of ['small', 'middle', 'large'])
      expect(stdout).toMatch(
        new RegExp(`plans +${tenant} \\([\\d,]+ chunks\\): 19 strategies are planned as expected`),
      );
  });

  test('asks for the plans of one tenant, and says so where it has no vectors', async () => {
    const { stdout } = await run(['doctor', '--tenant', 'middle'], env);
    expect(stdout).toContain('middle (500 chunks)');
    expect(stdout).not.toContain('large (');
    expect((await look(['--tenant', 'nobody'])).bad).toEqual([
      { check: 'plans', level: 'skipped', found: 'the tenant nobody has no vectors' },
    ]);
  });

  // A fault that is made, how it is mended, and what is said about it.
  const faults: [harm: string, mend: string, found: Partial<Finding>][] = [
    [
      'alter table documents no force row level security',
      'alter table documents force row level security',
      { check: 'lock', level: 'fault', found: 'documents: row-level security is not forced' },
    ],
    [
      'alter function keyword_matches(text, tsquery) reset search_path',
      'alter function keyword_matches(text, tsquery) set search_path = pg_catalog, pg_temp',
      { check: 'lock', level: 'fault' },
    ],
    [
      'alter index documents_by_collection rename to mislaid',
      'alter index mislaid rename to documents_by_collection',
      { check: 'indexes', level: 'fault', found: 'the index documents_by_collection is missing' },
    ],
    [
      `update pg_index set indisvalid = false where indexrelid = 'tessera.chunks_terms'::regclass`,
      `update pg_index set indisvalid = true where indexrelid = 'tessera.chunks_terms'::regclass`,
      { check: 'indexes', level: 'fault', found: expect.stringContaining('chunks_terms is invalid') },
    ],
    [
      'alter table embeddings set (autovacuum_enabled = false)',
      'alter table embeddings reset (autovacuum_enabled)',
      { check: 'vacuum', level: 'fault', found: 'autovacuum is off for embeddings' },
    ],
    [
      'alter table embeddings set (autovacuum_vacuum_cost_delay = 2)',
      'alter table embeddings set (autovacuum_vacuum_cost_delay = 0)',
      { check: 'autovacuum', level: 'warning', found: expect.stringContaining('autovacuum pauses in embeddings') },
    ],
    [
      `update pg_class set relallvisible = 0 where oid = 'tessera.chunks'::regclass`,
      'vacuum chunks',
      { check: 'vacuum', level: 'warning', found: expect.stringContaining('0 % of the pages of chunks') },
    ],
    [
      `alter role tessera_gateway in database DB set wal_compression = off`,
      `alter role tessera_gateway in database DB reset all`,
      { check: 'settings', level: 'warning', found: expect.stringContaining('wal_compression is off') },
    ],
    [
      `alter role tessera_gateway in database DB set tessera.tenant_id = 'small'`,
      `alter role tessera_gateway in database DB reset all`,
      { check: 'lock', level: 'fault', found: expect.stringContaining('every connection has a tenant') },
    ],
    [
      `insert into engine_settings (name, value) values ('tier_crossover', 2000)`,
      'delete from engine_settings',
      {
        check: 'tiers',
        level: 'warning',
        found: expect.stringContaining('of large, 3,000 chunks: there should be one'),
      },
    ],
    [
      `insert into recall_curves (tenant_id, model_id, tier, chunks, sample, settings, exact_p50_ms, exact_p95_ms)
       select 'large', model_id, 'exact', 1000, 10, '[]', 1, 1 from tenant_models where tenant_id = 'large'`,
      'delete from recall_curves',
      { check: 'recall', level: 'warning', found: expect.stringContaining('the curve is not used: large') },
    ],
    [
      `insert into embedding_jobs (tenant_id, model_id, chunk_id, attempts, created_at)
       select tenant_id, 1, id, 7, now() - interval '2 hours' from chunks where tenant_id = 'small' limit 1`,
      'delete from embedding_jobs',
      { check: 'jobs', level: 'fault', found: '1 chunk waits for its vector, the oldest for 120 minutes' },
    ],
    [
      `create table spare as select * from embeddings where tenant_id = 'small' and chunk_id = (select min(chunk_id::text)::uuid from embeddings where tenant_id = 'small'); delete from embeddings using spare where embeddings.chunk_id = spare.chunk_id`,
      'insert into embeddings select * from spare; drop table spare',
      { check: 'orphans', level: 'fault', found: 'small: 1 chunk has no vector and no job' },
    ],
    [
      `update embeddings set coarse = (full_vector * array_fill(-1, array[256])::vector)::halfvec(256) where tenant_id = 'large' and chunk_id = (select min(chunk_id::text)::uuid from embeddings where tenant_id = 'large')`,
      `update embeddings set coarse = full_vector::halfvec(256) where tenant_id = 'large' and chunk_id = (select min(chunk_id::text)::uuid from embeddings where tenant_id = 'large')`,
      { check: 'drift', level: 'fault', found: 'large: documents, chunks and vectors are out of step: 1 malformed' },
    ],
    [
      `update schema_migrations set sha256 = 'x' where version = 3`,
      `update schema_migrations set sha256 = (select sha256 from was) where version = 3; drop table was`,
      { check: 'schema', level: 'fault', found: expect.stringContaining('was changed after it was applied') },
    ],
  ];

  test.each(faults)('finds this: %s', async (harm, mend, found) => {
    const { rows } = await db.owner.query<{ name: string }>('select current_database() as name');
    const send = (text: string) => db.owner.query(text.replaceAll('DB', rows[0]?.name ?? ''));
    if (mend.includes('from was'))
      await send('create table was as select sha256 from schema_migrations where version = 3');
    await send(harm);
    try {
      const { status, bad } = await look();
      expect(bad).toEqual(expect.arrayContaining([expect.objectContaining({ ...found, fix: expect.any(String) })]));
      expect(status).toBe(bad.some(({ level }) => level === 'fault') ? 1 : 0);
      expect((await look(['--strict'])).status).toBe(1);
    } finally {
      await send(mend);
    }
  });

  test('tells what the last look found of the tenants that it does not look at itself', async () => {
    const send = (text: string) => db.owner.query(text);
    await send(`insert into tenants (id) values ('aside'), ('beside');
      insert into tenant_models (tenant_id, model_id) select t.id, m.id from tenants t, models m where t.id in ('aside', 'beside');
      insert into drift_looks (tenant_id, looked_at, found) values
        ('aside', now() - interval '3 hours', '{ "outdated": 4, "missing": 2 }'), ('beside', now() - interval '3 days', '{}')`);
    const { status, bad } = await look();
    expect([status, bad]).toEqual([
      1,
      [
        {
          check: 'drift',
          level: 'fault',
          found:
            'aside: documents, chunks and vectors were out of step at the last look, 3 hours ago: 2 missing, 4 outdated',
          fix: expect.stringContaining('tessera reconcile --mend --tenant aside'),
        },
        {
          check: 'drift',
          level: 'warning',
          found: 'some tenants were looked at 3 days ago, and not since',
          fix: expect.stringContaining('DRIFT_CHECK_MINUTES'),
        },
      ],
    ]);
    // Whoever asks about one tenant is told of that one.
    expect((await look(['--tenant', 'middle'])).bad).toEqual([]);
    await send(`delete from drift_looks where tenant_id = 'beside'`);
    expect((await look()).bad.map(({ level }) => level).toSorted()).toEqual(['fault', 'skipped']);
    await send(`update drift_looks set found = '{}'; delete from tenants where id = 'beside'`);
    expect((await look()).bad).toEqual([]);
    expect((await run(['doctor'], env)).stdout).toMatch(
      /drift +documents, chunks and vectors of large, middle, small are in step, and those of 1 other tenant were at the last look, 3 hours ago or later/,
    );
    await send(`delete from tenants where id = 'aside'`);
  });

  test('finds an owner, a superuser and a login that is none of the worker’s where they do not belong', async () => {
    const asSuperuser = await look([], { DATABASE_URL: db.urls.superuser });
    expect(asSuperuser.bad).toContainEqual(expect.objectContaining({ check: 'lock', level: 'fault' }));
    const asOwner = await look([], { MIGRATE_DATABASE_URL: db.urls.gateway });
    expect(asOwner.bad).toEqual([expect.objectContaining({ check: 'owner', level: 'fault' })]);
    expect([asSuperuser.status, asOwner.status]).toEqual([1, 1]);
  });

  test('is healthy again when all of that is mended', async () => {
    expect((await look()).bad).toEqual([]);
  });

  test('needs a server', async () => {
    const { status, stderr } = await run(['doctor']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('looks at a PostgreSQL server')]);
  });
});
