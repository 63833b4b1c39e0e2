import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../src/db/catalog.ts';
import { readInFlight, transact } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { operatorScope, tenantScope, workerScope } from '../../src/db/scope.ts';
import type { TenantId } from '../../src/ids.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { type SeededTenant, seedEveryTable } from '../support/seed-every-table.ts';
import { statement } from '../support/statement.ts';

const alpha = principalOf('alpha');
const tables = Object.keys(catalog);
const tablesOfChunks = ['chunks', 'embeddings', 'unembeddable_chunks', 'term_stats', 'corpus_stats'];
const contentTables = ['documents', ...tablesOfChunks];
let db: TestDatabase;
let seededAlpha: SeededTenant;

beforeAll(async () => {
  db = await openTestDatabase();
  seededAlpha = await seedEveryTable(db.owner, 'alpha', 'alpha lamp');
  await seedEveryTable(db.owner, 'beta', 'beta lamp');
});
afterAll(() => db.close());

describe('outside a scope', () => {
  test.each(tables)('the gateway is refused a look at %s', async (table) => {
    await expect(db.database.pool.query(`select 1 from tessera.${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  test.each(tables)('the worker is refused a look at %s', async (table) => {
    await expect(db.worker.pool.query(`select 1 from tessera.${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  test('the gateway is refused a write, a function and the settings of a tenant without the role', async () => {
    const attempts = [
      `delete from tessera.documents`,
      `insert into tessera.tenants (id) values ('gamma')`,
      `select tessera.keyword_matches('english', 'lamp'::tsquery)`,
      `select set_config('tessera.tenant_id', 'alpha', false); select 1 from tessera.documents`,
    ];
    for (const attempt of attempts) {
      await expect(db.database.pool.query(attempt), attempt).rejects.toMatchObject({ code: '42501' });
    }
    await db.database.pool.query(`reset tessera.tenant_id`);
  });

  test('the same connection is answered inside a scope', async () => {
    const [rows] = await readInFlight(db.database, tenantScope(alpha), [statement('select id from documents')]);
    expect(rows).toEqual([{ id: seededAlpha.documentId }]);
  });

  test('the role of a tenant without a tenant sees nothing and writes nothing', async () => {
    const scope = { role: 'tessera_tenant' } as const;
    for (const table of contentTables) {
      expect(await tryInScope(db.database, scope, `select 1 from ${table}`), table).toEqual({ rows: [], count: 0 });
    }
    expect(await tryInScope(db.database, scope, `insert into tenants (id) values ('gamma')`)).toEqual({
      code: '42501',
    });
    expect(await tryInScope(db.database, scope, `insert into tenants (id) values ('')`)).toEqual({ code: '42501' });
  });
});

describe('a scope', () => {
  test.each(tablesOfChunks)('of a worker or tenant sees only its rows of %s', async (table) => {
    const read = `select distinct tenant_id from ${table}`;
    const expected = { rows: [{ tenant_id: 'alpha' }], count: 1 };
    expect(await tryInScope(db.database, tenantScope(alpha), read)).toEqual(expected);
    expect(await tryInScope(db.worker, workerScope(alpha.tenantId), read)).toEqual(expected);
  });

  test('of a tenant sees only its documents', async () => {
    expect(await tryInScope(db.database, tenantScope(alpha), 'select id, body from documents')).toEqual({
      rows: [{ id: seededAlpha.documentId, body: 'alpha lamp' }],
      count: 1,
    });
  });

  test('of a worker without a tenant sees the whole outbox and no content', async () => {
    const jobs = await tryInScope(db.worker, workerScope(), 'select tenant_id from embedding_jobs order by 1');
    expect(jobs).toMatchObject({ rows: [{ tenant_id: 'alpha' }, { tenant_id: 'beta' }] });
    // It clears away what was deleted or has expired, and sees no text of that.
    expect(await tryInScope(db.worker, workerScope(), 'select 1 from documents')).toEqual({ rows: [], count: 0 });
    for (const text of ['title', 'body', 'metadata'])
      expect(await tryInScope(db.worker, workerScope(), `select ${text} from documents`)).toEqual({ code: '42501' });
    for (const table of tablesOfChunks) {
      expect(await tryInScope(db.worker, workerScope(), `select 1 from ${table}`), table).toEqual({
        rows: [],
        count: 0,
      });
    }
  });

  test('of the operator sees the tenants and is refused what they stored', async () => {
    const tenants = await tryInScope(db.database, operatorScope, 'select id from tenants order by 1');
    expect(tenants).toMatchObject({ rows: [{ id: 'alpha' }, { id: 'beta' }] });
    // How many chunks there are, which it keeps indexes by, is all that it knows of them.
    const content = contentTables.filter((table) => table !== 'corpus_stats');
    for (const table of [...content, 'embedding_jobs']) {
      expect(await tryInScope(db.database, operatorScope, `select 1 from ${table}`), table).toEqual({ code: '42501' });
    }
    expect(await tryInScope(db.database, operatorScope, 'select chunks from corpus_stats')).toMatchObject({ count: 2 });
    for (const change of ['chunks = 0', `language = 'german'`, `tenant_id = 'beta'`])
      expect(await tryInScope(db.database, operatorScope, `update corpus_stats set ${change}`), change).toEqual({
        code: '42501',
      });
  });
});

describeServer('a login', () => {
  test('cannot take the other login’s role', async () => {
    expect(await tryInScope(db.database, workerScope(), 'select 1')).toEqual({ code: '42501' });
    expect(await tryInScope(db.worker, workerScope(), 'select 1')).toMatchObject({ count: 1 });
    expect(await tryInScope(db.worker, operatorScope, 'select 1')).toEqual({ code: '42501' });
    expect(await tryInScope(db.database, operatorScope, 'select 1')).toMatchObject({ count: 1 });
  });

  test.each(['tessera_keyword', 'tessera_counter', 'tessera_gatekeeper', 'tessera_eraser', 'tessera_owner'])(
    'cannot become %s',
    async (role) => {
      for (const database of [db.database, db.worker]) {
        await expect(database.pool.query(`set role ${role}`)).rejects.toMatchObject({ code: '42501' });
      }
      await expect(db.database.pool.query('set role tessera_tenant; reset role')).resolves.toBeDefined();
    },
  );

  test('has no password for anybody and sees none', async () => {
    await expect(db.database.pool.query('select rolpassword from pg_authid')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('after a scope', () => {
  const traces = statement<Record<string, string>>(
    `select current_user = session_user as self, pg_backend_pid() as pid,
       coalesce(current_setting('tessera.tenant_id', true), '') as tenant,
       coalesce(current_setting('tessera.subject', true), '') as subject,
       coalesce(current_setting('tessera.groups', true), '') as groups,
       current_setting('search_path') as path, current_setting('statement_timeout') as timeout,
       current_setting('plan_cache_mode') as plans, current_setting('transaction_read_only') as read_only`,
  );
  const look = async () => (await db.database.pool.query(traces.compile().sql)).rows[0];
  const somebody = principalOf('alpha', { subject: 'traceable', groups: ['traceable'] });
  const failing = statement('select 1 / 0');

  test.each([
    ['a read', () => readInFlight(db.database, tenantScope(somebody), [statement('select 1')])],
    ['a write', () => transact(db.database, tenantScope(somebody), async (execute) => execute(statement('select 1')))],
    ['a read that fails', () => readInFlight(db.database, tenantScope(somebody), [failing]).catch(() => {})],
    ['a write that fails', () => transact(db.database, tenantScope(somebody), (run) => run(failing)).catch(() => {})],
    [
      'a scope that cannot be opened',
      () =>
        readInFlight(db.database, { role: 'tessera_nobody' as 'tessera_tenant', tenantId: alpha.tenantId }, [
          statement('select 1'),
        ]).catch(() => {}),
    ],
  ])('nothing of it is left on the connection: %s', async (_, work) => {
    const before = await look();
    await work();
    const after = await look();
    expect(after).toEqual(before);
    expect(after).toMatchObject({ self: true, tenant: '', subject: '', groups: '', read_only: 'off' });
    expect(after?.path).not.toContain('tessera');
  });

  test('the positive control: inside it, all of that is set', async () => {
    const [rows] = await readInFlight(db.database, tenantScope(somebody), [traces]);
    expect(rows[0]).toMatchObject({
      self: false,
      tenant: 'alpha',
      subject: 'traceable',
      groups: '["traceable"]',
      read_only: 'on',
    });
    expect(rows[0]?.path).toContain('tessera');
    expect(rows[0]?.plans).toBe('force_custom_plan');
  });

  test('the next tenant of the connection sees its own rows and nothing of the one before', async () => {
    const read = statement<{ body: string }>('select body from documents');
    for (const tenantId of ['alpha', 'beta', 'alpha', 'beta']) {
      const [rows] = await readInFlight(db.database, tenantScope(principalOf(tenantId)), [read]);
      expect(rows).toEqual([{ body: `${tenantId} lamp` }]);
    }
  });
});

describe('a hostile subject or group', () => {
  const readBack = statement<{ subject: string; groups: string; tenant: string; role: string }>(
    `select current_setting('tessera.subject') as subject, current_setting('tessera.groups') as groups,
       current_setting('tessera.tenant_id') as tenant, current_user::text as role`,
  );
  const roundTrip = async (subject: string, groups: readonly string[]) => {
    const [rows] = await readInFlight(db.database, tenantScope(principalOf('alpha', { subject, groups })), [readBack]);
    expect(rows).toEqual([{ subject, groups: JSON.stringify(groups), tenant: 'alpha', role: 'tessera_reader' }]);
    expect(JSON.parse(rows[0]?.groups ?? '')).toEqual(groups);
  };
  const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');

  test.each([
    ['a quote', `'`],
    ['a quote that closes and a statement', `'; reset role; set local tessera.tenant_id = 'beta'; --`],
    ['a backslash', '\\'],
    ['a backslash before a quote', `\\'; reset role; --`],
    ['an escape string', `E'\\x27'`],
    ['dollar quotes', '$$; reset role; $$ $tag$'],
    ['a comment', '/* -- */'],
    ['a parameter', '$1 %s %I :name ?'],
    ['line ends', 'a\r\nb\n\tc'],
    ['every control character but NUL', Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('')],
    ['every printable byte', printable],
    ['every printable byte after a backslash', [...printable].map((character) => `\\${character}`).join('')],
    ['letters of many scripts', 'Ünïcødé Ωμέγα кириллица 漢字 🗝️ \u{10ffff}'],
    ['an apostrophe of another width', 'ʼ’＇'],
    ['10 kB of quotes', `'\\`.repeat(5_000)],
    ['nothing', ''],
  ])('comes out as it went in and changes nothing else: %s', async (_, text) => {
    await roundTrip(text, [text, `${text}${text}`]);
  });

  test('comes out as it went in, whatever it is', async () => {
    const text = fc
      .oneof(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: fc.constantFrom(`'`, '"', '\\', '$', ';', '-', '\n', 'E', 'x', '{', '}'), maxLength: 40 }),
      )
      .filter((value) => !value.includes('\0'));
    await fc.assert(fc.asyncProperty(text, fc.array(text, { maxLength: 5 }), roundTrip), { numRuns: 200 });
  });

  test('with a NUL character is refused before anything is sent', async () => {
    const principal = principalOf('alpha', { subject: 'a\0b' });
    await expect(readInFlight(db.database, tenantScope(principal), [readBack])).rejects.toThrow(/NUL/);
    await roundTrip('ab', []);
  });

  test('a group with a NUL character arrives escaped, as JSON writes it', async () => {
    await roundTrip('somebody', ['a\0b']);
  });
});

describe('a tenant id that is none', () => {
  test.each(['', ' ', `a'b`, 'a b', 'ä', 'a\n', 'x'.repeat(65), 'a;reset role'])('is refused: %j', async (id) => {
    const scope = { role: 'tessera_tenant', tenantId: id as TenantId } as const;
    await expect(readInFlight(db.database, scope, [statement('select 1')])).rejects.toThrow(TypeError);
    await expect(transact(db.database, scope, async () => {})).rejects.toThrow(TypeError);
  });

  test('the positive control: the longest that is one is accepted', async () => {
    const [rows] = await readInFlight(db.database, tenantScope(principalOf('x'.repeat(64))), [
      statement(`select length(current_setting('tessera.tenant_id')) as length`),
    ]);
    expect(rows).toEqual([{ length: 64 }]);
  });
});

describeServer('a scope that is refused', () => {
  test('gives its connection back', async () => {
    const single = await openPool({ url: db.urls.gateway, size: 1, statementTimeoutMs: 1_000, onIdleError: () => {} });
    const scope = { role: 'tessera_tenant', tenantId: 'not one' as TenantId } as const;
    for (let run = 0; run < 3; run++) {
      await expect(readInFlight(single, scope, [statement('select 1')])).rejects.toThrow(TypeError);
      await expect(transact(single, scope, async () => {})).rejects.toThrow(TypeError);
    }
    await expect(readInFlight(single, tenantScope(alpha), [statement('select 1 as one')])).resolves.toEqual([
      [{ one: 1 }],
    ]);
    await single.close();
  });
});
