import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Application, openApplication } from '../support/application.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { serverEnv } from './gateway-process.ts';
import { cleanUp, run, start } from './program.ts';

afterAll(cleanUp);

const page = readFileSync(new URL('../../docs/attach.md', import.meta.url), 'utf8');
/** The worked example of the page: what is in the table, the command, and what the shop changes then. */
const [setUp = '', changes = ''] = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql]) => sql ?? '');
const command = /```sh\ntessera (attach .*)\n```/.exec(page)?.[1]?.split(' ') ?? [];
const dropTriggers = /```\n(drop trigger[\s\S]*?)```/.exec(page)?.[1] ?? '';

// One story: each test goes on with what the one before it left.
describeServer('the example of docs/attach.md', () => {
  let db: TestDatabase;
  let shop: Application;
  let env: Record<string, string>;
  beforeAll(async () => {
    db = await openTestDatabase();
    shop = await openApplication(db);
    env = { ...serverEnv(db.urls), MIGRATE_DATABASE_URL: db.urls.owner };
    await shop.owner.query(setUp.replace('create schema shop;', ''));
  });
  afterAll(async () => {
    await shop.close();
    await db.close();
  });

  const stored = async () =>
    (
      await db.owner.query<{ document: string }>(
        `select tenant_id || ' ' || external_id || ' ' || (metadata ->> 'price') as document from documents order by 1`,
      )
    ).rows.map(({ document }) => document);
  const embedded = async () => (await db.owner.query('select from embeddings')).rowCount;

  test('is refused without what it needs, in a line', async () => {
    const bare = await run(['attach', '--table', 'shop.articles'], env);
    expect([bare.status, bare.stderr]).toEqual([
      64,
      expect.stringMatching(/^tessera: --collection is missing\. [^\n]+\n$/),
    ]);
    const unknown = await run([...command.slice(0, 2), 'shop.nothing', ...command.slice(3)], env);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('There is no table shop.nothing.')]);
    const embeddedMode = await run(['attach', '--list'], {});
    expect([embeddedMode.status, embeddedMode.stderr]).toEqual([1, expect.stringContaining('no DATABASE_URL')]);
  });

  test('prints the SQL for somebody else to run, and that is what attaches', async () => {
    const { status, stdout } = await run([...command, '--dry-run'], env);
    expect(status).toBe(0);
    expect(stdout.match(/^create or replace trigger .*;$/gm)).toHaveLength(4);
    await shop.owner.query(stdout);
    expect((await run(['attach', '--list'], env)).stdout).toContain('0 wait, 0 failed; 0 older rows noted, not all');
    const again = await run(command, env);
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('is attached already')]);
    expect((await run(['detach', 'shop.articles'], env)).stdout).toBe(
      'shop.articles is detached; its documents stay.\n',
    );
  });

  test('attaches the table, and a worker makes its rows and its changes documents with vectors', async () => {
    const { status, stdout } = await run(command, env);
    expect([status, stdout]).toEqual([0, expect.stringContaining('1 row that was there is noted; workers write it.')]);
    const worker = start(['work'], env);
    await worker.waitFor('stderr', /the worker embeds/);
    await shop.run(changes);
    await expect.poll(stored, { timeout: 10_000 }).toEqual(['acme 1 45', 'acme 2 119']);
    await expect.poll(embedded, { timeout: 10_000 }).toBe(2);
    await worker.kill('SIGTERM');
  });

  test('writes every change exactly once though workers are killed again and again', async () => {
    for (let round = 0; round < 3; round++) {
      const worker = start(['work'], env);
      await worker.waitFor('stderr', /the worker embeds/);
      const first = 100 + round * 400;
      await shop.run(
        `insert into shop.articles select n, 'acme', 't' || n, null, 'b', 'c', n from generate_series(${first}, ${first + 399}) n`,
      );
      await expect
        .poll(async () => (await stored()).length, { interval: 5, timeout: 15_000 })
        .toBeGreaterThan(round * 400 + 2);
      await worker.kill('SIGKILL');
    }
    const worker = start(['work'], env);
    await expect
      .poll(async () => (await db.owner.query('select from source_changes')).rowCount, { timeout: 20_000 })
      .toBe(0);
    await worker.kill('SIGTERM');
    const { rows } = await db.owner.query('select count(*)::integer, max(version) as version from documents');
    expect(rows).toEqual([{ count: 1_202, version: expect.any(Number) }]);
    const audited = await db.owner.query(
      `select sum((details ->> 'created')::integer)::integer as created from audit_log where action = 'upsertDocuments'`,
    );
    expect(audited.rows).toEqual([{ created: 1_202 }]);
  });

  test('is left by hand when nothing of Tessera is there any more', async () => {
    await shop.owner.query(dropTriggers);
    await shop.run(`insert into shop.articles (id, tenant_id) values (5000, 'acme')`);
    expect((await run(['attach', '--list'], env)).stdout).toContain('its triggers are gone');
    const { stdout } = await run(['detach', 'shop.articles', '--delete-documents'], env);
    expect(stdout).toBe('shop.articles is detached; 1,203 documents are deleted.\n');
  });
});
