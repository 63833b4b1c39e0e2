import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { seedMany } from '../support/seed-many.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, run } from './program.ts';

afterAll(cleanUp);

describeServer('tessera reconcile', () => {
  let db: TestDatabase;
  let env: Record<string, string>;

  beforeAll(async () => {
    db = await openTestDatabase();
    await seedMany(db.urls.superuser, { small: 50, large: 3_000 });
    env = serverEnv(db.urls);
  });
  afterAll(() => db.close());

  test('finds every document, chunk and vector in step, over more than one page', async () => {
    expect(await run(['reconcile'], env)).toMatchObject({
      status: 0,
      stdout: 'Every document, chunk and vector is in step.\n',
    });
  });

  test('tells what is not and ends with 1, mends it where that is asked for, and is content then', async () => {
    await db.owner.query(`delete from tessera.embeddings where tenant_id = 'small'`);
    const looked = await run(['reconcile'], env);
    expect(looked).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^small: 50 missing, the oldest for .+\n$/),
    });
    expect(looked.stderr).toContain('Run "tessera reconcile --mend"');
    expect(await run(['reconcile', '--tenant', 'large'], env)).toMatchObject({ status: 0 });
    const mended = await run(['reconcile', '--mend', '--json'], env);
    expect(mended.status).toBe(0);
    expect(JSON.parse(mended.stdout)).toEqual([
      { tenant: 'small', kind: 'missing', count: 50, since: expect.any(String) },
    ]);
    const { rows } = await db.owner.query('select count(*)::int as waiting from tessera.embedding_jobs');
    expect(rows).toEqual([{ waiting: 50 }]);
    expect(await run(['reconcile'], env)).toMatchObject({ status: 0 });
  });

  test('divides a document anew whose text was changed, by the configured size of chunks', async () => {
    await db.owner.query(
      `update tessera.documents set body = repeat('Lift and stairs. ', 60) where tenant_id = 'large' and external_id = 'd7'`,
    );
    const looked = await run(['reconcile', '--tenant', 'large'], env);
    expect([looked.status, looked.stdout]).toEqual([
      1,
      expect.stringMatching(/^large: 1 outdated, the oldest for .+\n$/),
    ]);
    expect(await run(['reconcile', '--mend'], { ...env, CHUNK_TOKENS: '64', CHUNK_OVERLAP_TOKENS: '0' })).toMatchObject(
      { status: 0 },
    );
    expect(await run(['reconcile'], env)).toMatchObject({ status: 0 });
    const { rows } = await db.owner.query(
      `select count(*)::int as chunks, count(j.chunk_id)::int as waiting, max(length(c.text)) < 400 as small
       from tessera.chunks c join tessera.documents d on d.tenant_id = c.tenant_id and d.id = c.document_id
       left join tessera.embedding_jobs j on j.tenant_id = c.tenant_id and j.chunk_id = c.id
       where c.tenant_id = 'large' and external_id = 'd7'`,
    );
    expect(rows[0]).toMatchObject({ chunks: rows[0]?.waiting, small: true });
    expect(rows[0]?.chunks).toBeGreaterThan(2);
  });

  test('goes on past tenants that are suspended or being deleted, and says which', async () => {
    await db.owner.query(`
      update tessera.tenants set status = 'suspended' where id = 'large';
      delete from tessera.embeddings where tenant_id in ('large', 'small');
      delete from tessera.embedding_jobs`);
    const quiet = { ...env, LOG_LEVEL: 'error' };
    const leftOut = 'large is left out: it is suspended.\n';
    const looked = await run(['reconcile'], quiet);
    expect([looked.status, looked.stderr]).toEqual([1, expect.stringContaining(leftOut)]);
    expect(looked.stdout).toMatch(/^small: 50 missing, the oldest for .+\n$/);
    const named = await run(['reconcile', '--tenant', 'large'], env);
    expect([named.status, named.stdout, named.stderr]).toEqual([1, '', expect.stringContaining('suspended')]);
    const mended = await run(['reconcile', '--mend', '--json'], quiet);
    expect([mended.status, mended.stderr]).toEqual([0, leftOut]);
    expect(JSON.parse(mended.stdout)).toMatchObject([{ tenant: 'small', kind: 'missing', count: 50 }]);
    await db.owner.query(`update tessera.tenants set status = 'deleting' where id = 'large'`);
    const after = await run(['reconcile'], quiet);
    expect([after.status, after.stderr]).toEqual([0, 'large is left out: it is being deleted.\n']);
    expect(after.stdout).toBe('Every document, chunk and vector is in step.\n');
  });
});
