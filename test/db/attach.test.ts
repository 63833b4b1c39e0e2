import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseTenantId } from '../../src/ids.ts';
import { attachTable, detachTable } from '../../src/ingest/sources/attach-table.ts';
import { backfill } from '../../src/ingest/sources/backfill.ts';
import { listSources } from '../../src/ingest/sources/list-sources.ts';
import type { Mapping } from '../../src/ingest/sources/source.ts';
import { deleteTenant, readDeletion } from '../../src/tenants/delete-tenant.ts';
import { eraseTenants } from '../../src/worker/erase-tenants.ts';
import { type Application, openApplication } from '../support/application.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';

let db: TestDatabase;
let shop: Application;

const mapping: Mapping = {
  table: 'shop.articles',
  tenantColumn: 'tenant',
  collection: 'articles',
  key: ['id'],
  title: 'title',
  text: ['summary', 'body'],
  metadata: ['price'],
};

const table = `create table shop.articles (
  id bigint primary key, tenant text, title text, summary text, body text, price numeric, clicks integer not null default 0)`;

interface Change {
  readonly tenant: string;
  readonly key: string;
  readonly kind: string;
  readonly title: string | null;
}

/** What is noted, in the order in which it was, and is forgotten with that. */
async function takeChanges(): Promise<string[]> {
  const { rows } = await db.owner.query<Change>(
    `with taken as (delete from source_changes returning *)
     select tenant_id as tenant, key, kind, snapshot ->> 'title' as title from taken order by seq`,
  );
  return rows.map(({ tenant, key, kind, title }) => `${kind} ${tenant} ${key}${title === null ? '' : ` ${title}`}`);
}

const readFaults = async () =>
  (await db.owner.query<{ key: string; reason: string }>('select key, reason from source_faults order by key')).rows;

describeServer('an attached table', () => {
  beforeAll(async () => {
    db = await openTestDatabase();
    shop = await openApplication(db);
    // Two transactions that bring the same new tenant wait for each other.
    await db.owner.query(`insert into tenants (id) values ('alpha')`);
  });
  afterAll(async () => {
    await shop.close();
    await db.close();
  });
  beforeEach(async () => {
    await shop.owner.query(table);
    await attachTable(shop.owner, mapping);
  });
  afterEach(async () => {
    await shop.client.query('rollback');
    await shop.owner.query('drop table shop.articles');
    await db.owner.query('delete from sources');
    await db.owner.query('delete from source_faults');
    await db.owner.query('delete from source_changes');
  });

  const insert = (id: number, tenant: string | null = 'alpha', title = `t${id}`) =>
    shop.run('insert into shop.articles (id, tenant, title, body) values ($1, $2, $3, $4)', [id, tenant, title, 'b']);

  describe('notes in the application’s transaction', () => {
    test('what is inserted, with the mapped columns and no other', async () => {
      await shop.run(`insert into shop.articles values (1, 'alpha', 'Lamp', null, 'It''s "bright"', 12.5, 3)`);
      const { rows } = await db.owner.query('select source, collection, snapshot from source_changes');
      expect(rows).toEqual([
        {
          source: 'shop.articles',
          collection: 'articles',
          snapshot: {
            title: 'Lamp',
            text: [null, 'It\'s "bright"'],
            url: null,
            language: null,
            metadata: { price: 12.5 },
          },
        },
      ]);
    });

    test('an update of a mapped column, and nothing for another', async () => {
      await insert(1);
      await takeChanges();
      await shop.run('update shop.articles set clicks = clicks + 1');
      await shop.run('update shop.articles set title = title');
      expect(await takeChanges()).toEqual([]);
      await shop.run(`update shop.articles set title = 'new'`);
      expect(await takeChanges()).toEqual(['upsert alpha 1 new']);
    });

    test('a deletion', async () => {
      await insert(1);
      await shop.run('delete from shop.articles');
      expect(await takeChanges()).toEqual(['upsert alpha 1 t1', 'delete alpha 1']);
    });

    test('a key that changes as a deletion and a document', async () => {
      await insert(1);
      await takeChanges();
      await shop.run('update shop.articles set id = 2');
      expect(await takeChanges()).toEqual(['delete alpha 1', 'upsert alpha 2 t1']);
    });

    test('a row that goes to another tenant, which exists from then on', async () => {
      await insert(1);
      await takeChanges();
      await shop.run(`update shop.articles set tenant = 'newcomer'`);
      expect(await takeChanges()).toEqual(['delete alpha 1', 'upsert newcomer 1 t1']);
      const { rows } = await db.owner.query(`select tenant_id from canaries where tenant_id = 'newcomer'`);
      expect(rows).toHaveLength(1);
    });

    test('keys that are swapped in one statement as the rows that they are afterwards', async () => {
      await shop.owner.query(
        'alter table shop.articles drop constraint articles_pkey, add primary key (id) deferrable initially deferred',
      );
      await insert(1);
      await insert(2);
      await takeChanges();
      await shop.run('update shop.articles set id = 3 - id');
      expect((await takeChanges()).sort()).toEqual(['upsert alpha 1 t2', 'upsert alpha 2 t1']);
    });

    test('a table that is emptied, for each tenant that has something of it', async () => {
      await insert(1);
      await insert(2, 'beta');
      await shop.run('truncate shop.articles');
      expect((await takeChanges()).slice(2).sort()).toEqual(['truncate alpha ', 'truncate beta ']);
    });

    test('both halves of an insert that meets a row, of a copy and of a merge', async () => {
      await insert(1);
      await shop.run(`insert into shop.articles (id, tenant, title) values (1, 'alpha', 'met'), (2, 'alpha', 'new')
        on conflict (id) do update set title = excluded.title`);
      expect((await takeChanges()).slice(1).sort()).toEqual(['upsert alpha 1 met', 'upsert alpha 2 new']);
      await shop.run(`merge into shop.articles a using (values (1), (3)) v (id) on a.id = v.id
        when matched then delete when not matched then insert (id, tenant, title) values (v.id, 'alpha', 'merged')`);
      expect((await takeChanges()).sort()).toEqual(['delete alpha 1', 'upsert alpha 3 merged']);
    });

    test('nothing of a transaction or a savepoint that is rolled back', async () => {
      await shop.run('begin');
      await insert(1);
      await shop.run('savepoint here');
      await insert(2);
      await shop.run('rollback to here');
      await shop.run('commit');
      await shop.run('begin');
      await insert(3);
      await shop.run('rollback');
      expect(await takeChanges()).toEqual(['upsert alpha 1 t1']);
    });

    test('nothing that one application waits for another: a key’s change that is not committed holds up no other key', async () => {
      await shop.run('begin');
      await insert(1);
      await shop.owner.query(
        `set lock_timeout = '2s'; insert into shop.articles (id, tenant, title) values (2, 'alpha', 't2')`,
      );
      expect(await takeChanges()).toEqual(['upsert alpha 2 t2']);
      await shop.run('commit');
      expect(await takeChanges()).toEqual(['upsert alpha 1 t1']);
    });
  });

  describe('never fails the application’s statement', () => {
    test.each([
      ['null', null],
      ['a word with a blank', 'al pha'],
      ['a line end behind a name', 'alpha\n'],
      ['65 characters', 'x'.repeat(65)],
      ['a canary’s', 'tessera-canary-1'],
    ])('for a tenant id that is %s: it is a fault until the row has another', async (_, tenant) => {
      await insert(1, tenant);
      expect(await takeChanges()).toEqual([]);
      expect(await readFaults()).toEqual([{ key: '1', reason: expect.stringMatching(/^the tenant id is /) }]);
      await shop.run(`update shop.articles set tenant = 'alpha'`);
      expect(await takeChanges()).toEqual(['upsert alpha 1 t1']);
      expect(await readFaults()).toEqual([]);
    });

    test('for a tenant that was deleted, of whose rows nothing is kept', async () => {
      await db.owner.query(
        `insert into tenant_deletions (tenant_id, id, requested_by, finished_at, remaining) values ('gone', gen_random_uuid(), 'x', now(), '{}')`,
      );
      await insert(1, 'gone');
      expect(await takeChanges()).toEqual([]);
      expect(await readFaults()).toEqual([
        { key: 'tenant gone', reason: 'the tenant gone was deleted; its rows are not followed' },
      ]);
    });

    test('for a column that is gone, which is a fault', async () => {
      await shop.owner.query('alter table shop.articles drop column summary');
      await insert(1);
      expect(await readFaults()).toEqual([{ key: '', reason: expect.stringContaining('summary') }]);
      expect((await shop.run('select id from shop.articles')).rowCount).toBe(1);
    });

    test('for a text of any length, which is cut to what shows that it is too long', async () => {
      await shop.run(
        `insert into shop.articles (id, tenant, title, body) values (1, 'alpha', 'x', repeat('ab ', 20000000))`,
      );
      const { rows } = await db.owner.query(
        `select length(snapshot -> 'text' ->> 1) as kept, reason from source_changes`,
      );
      expect(rows).toEqual([{ kept: 1_000_001, reason: null }]);
    });

    test('when the table is renamed, or its definition is gone', async () => {
      await shop.owner.query('alter table shop.articles rename to posts');
      await shop.run(`insert into shop.posts (id, tenant, title) values (1, 'alpha', 't')`);
      expect(await takeChanges()).toEqual(['upsert alpha 1 t']);
      await db.owner.query('delete from sources');
      await shop.run(`insert into shop.posts (id, tenant, title) values (2, 'alpha', 't')`);
      expect(await takeChanges()).toEqual([]);
      await shop.owner.query('alter table shop.posts rename to articles');
    });
  });

  test('lets an application that is granted nothing write its table, and read nothing of Tessera', async () => {
    await insert(1);
    expect(await takeChanges()).toHaveLength(1);
    for (const name of ['sources', 'source_changes', 'source_faults', 'documents', 'tenants'])
      await expect(shop.run(`select * from tessera.${name}`), name).rejects.toMatchObject({ code: '42501' });
    for (const call of [`tessera.note_source_fault('a', 'b', 'c')`, 'tessera.note_source_change()'])
      await expect(shop.run(`select ${call}`), call).rejects.toMatchObject({
        code: expect.stringMatching(/42501|0A000/),
      });
  });

  test('of a tenant that is erased is detached with it: its triggers note nothing, and go or are used again', async () => {
    const { tenantColumn: _, ...whole } = mapping;
    const letters: Mapping = { ...whole, table: 'shop.letters', tenant: parseTenantId('gone') };
    const write = (id: number) => shop.run(`insert into shop.letters (id, title, body) values ($1, 't', 'b')`, [id]);
    const triggers = `select from pg_trigger where tgrelid = 'shop.letters'::regclass`;
    await shop.owner.query(table.replace('articles', 'letters'));
    await attachTable(shop.owner, letters);
    await db.owner.query(`insert into tenants (id) values ('gone') on conflict do nothing`);
    await write(1);
    expect(await takeChanges()).toEqual(['upsert gone 1 t']);
    await shop.owner.query('alter table shop.letters rename column title to subject');
    await shop.run(`insert into shop.letters (id, subject, body) values (2, 't', 'b')`);
    await shop.owner.query('alter table shop.letters rename column subject to title');
    expect(await readFaults()).toHaveLength(1);

    const operator = principalOf('operations', { scopes: ['operator'] });
    const { id } = await deleteTenant(db, operator, parseTenantId('gone'));
    await eraseTenants(db.worker);
    const receipt = await readDeletion(db, operator, id);
    expect(receipt).toMatchObject({ status: 'finished', detachedTables: ['shop.letters'] });
    expect(receipt?.tables).toEqual(
      expect.arrayContaining([
        { table: 'sources', erasedRows: 1, remainingRows: 0 },
        { table: 'source_faults', erasedRows: 1, remainingRows: 0 },
      ]),
    );
    await write(3);
    expect([await takeChanges(), await readFaults()]).toEqual([[], []]);
    expect((await listSources(shop.owner)).map(({ name }) => name)).toEqual(['shop.articles']);

    expect((await shop.owner.query(triggers)).rowCount).toBe(4);
    await attachTable(shop.owner, { ...letters, tenant: parseTenantId('anew') });
    await write(4);
    expect(await takeChanges()).toEqual(['upsert anew 4 t']);
    await db.owner.query(`delete from sources where name = 'shop.letters'`);
    await detachTable(shop.owner, 'shop.letters');
    expect((await shop.owner.query(triggers)).rowCount).toBe(0);
    await expect(detachTable(shop.owner, 'shop.letters')).rejects.toThrow(/is not attached/);
    await shop.owner.query('drop table shop.letters');
    await db.owner.query('delete from audit_log');
  });

  test('is attached and detached by the owner of another table, who has the role for it, and both are in the audit log', async () => {
    const dba = `${shop.role}_dba`;
    await db.owner.query(`create role ${dba} login password 'x' in role tessera_attacher`);
    await db.owner.query(`create schema ${dba} authorization ${dba}`);
    const client = new pg.Client({ connectionString: db.urls.superuser });
    await client.connect();
    try {
      await client.query(`set session authorization ${dba}`);
      await client.query(`create table ${dba}.notes (id uuid primary key, body text)`);
      const other: Mapping = {
        table: `${dba}.notes`,
        tenant: parseTenantId('alpha'),
        collection: 'notes',
        key: ['id'],
        text: ['body'],
        metadata: [],
      };
      await attachTable(client, other);
      await client.query(`insert into ${dba}.notes values ('018f0000-0000-7000-8000-000000000001', 'hello')`);
      expect(await takeChanges()).toEqual(['upsert alpha 018f0000-0000-7000-8000-000000000001']);
      await expect(client.query('select * from tessera.documents')).rejects.toMatchObject({ code: '42501' });
      await expect(client.query('select snapshot from tessera.source_changes')).rejects.toMatchObject({
        code: '42501',
      });
      await detachTable(client, `${dba}.notes`);
      await client.query(`insert into ${dba}.notes values ('018f0000-0000-7000-8000-000000000002', 'hello')`);
      expect(await takeChanges()).toEqual([]);
      const { rows } = await db.owner.query(
        `select tenant_id, action, subject, by_operator, target_kind, target_ids, details,
           substr(id::text, 15, 1) as version from audit_log order by id`,
      );
      const put = {
        ...{ tenant_id: 'alpha', subject: `postgres:${dba}`, by_operator: true, target_kind: 'table', version: '7' },
        ...{ target_ids: [`${dba}.notes`], details: { collection: 'notes' } },
      };
      expect(rows).toEqual([
        { ...put, action: 'attachTable' },
        { ...put, action: 'detachTable' },
      ]);
    } finally {
      await client.end();
      await db.owner.query(`drop schema ${dba} cascade; drop role ${dba}`);
    }
  });

  describe('may have', () => {
    test('hostile names, keys of several columns, and a stored generated column', async () => {
      await shop.owner.query(`create table shop."My ""Table"" %s" (
        "Part, A" text not null, "B'--" integer not null, "Te""xt" text, up text generated always as (upper("Te""xt")) stored,
        primary key ("B'--", "Part, A"))`);
      const name = `shop."My ""Table"" %s"`;
      const source = await attachTable(shop.owner, {
        table: name,
        tenant: parseTenantId('alpha'),
        collection: 'c',
        key: ['Part, A', "B'--"],
        title: 'up',
        text: ['Te"xt'],
        metadata: ["B'--"],
      });
      expect(source.name).toBe(name);
      await shop.run(`insert into ${name} values ('a/b"', 7, 'shout')`);
      expect(await takeChanges()).toEqual(['upsert alpha ["a/b\\"", 7] SHOUT']);
      await detachTable(shop.owner, name);
      await shop.owner.query(`drop table ${name}`);
    });

    test('partitions, written to by either name, between which rows move', async () => {
      await shop.owner.query(`create table shop.parts (id integer primary key, title text) partition by range (id);
        create table shop.parts_1 partition of shop.parts for values from (0) to (10);
        create table shop.parts_2 partition of shop.parts for values from (10) to (20);
        grant all on shop.parts, shop.parts_1, shop.parts_2 to ${shop.role}`);
      await attachTable(shop.owner, {
        table: 'shop.parts',
        tenant: parseTenantId('alpha'),
        collection: 'parts',
        key: ['id'],
        title: 'title',
        text: ['title'],
        metadata: [],
      });
      await shop.run(`insert into shop.parts values (1, 'whole')`);
      await shop.run(`insert into shop.parts_2 values (11, 'part')`);
      expect(await takeChanges()).toEqual(['upsert alpha 1 whole', 'upsert alpha 11 part']);
      await shop.run(`update shop.parts set id = 12 where id = 1`);
      expect(await takeChanges()).toEqual(['delete alpha 1', 'upsert alpha 12 whole']);
      await detachTable(shop.owner, 'shop.parts');
      await shop.run(`delete from shop.parts_2`);
      expect(await takeChanges()).toEqual([]);
      await shop.owner.query('drop table shop.parts');
    });

    test.each([
      ['a view', 'create view shop.odd as select 1 as id, null as body', /is not a table/],
      ['no unique key', 'create table shop.odd (id integer not null, body text)', /No primary key or unique index/],
      ['a key that may be null', 'create table shop.odd (id integer unique, body text)', /may be null/],
      ['a key of another type', 'create table shop.odd (id date primary key, body text)', /of type date; integers/],
      ['a text that is none', 'create table shop.odd (id integer primary key, body json)', /of type json; title/],
      ['no such column', 'create table shop.odd (id integer primary key, text text)', /no column "body"; it has "id"/],
      ['no log', 'create unlogged table shop.odd (id integer primary key, body text)', /unlogged/],
    ])('not %s: it is refused in a sentence', async (_, ddl, sentence) => {
      await shop.owner.query(ddl);
      const odd = { table: 'shop.odd', tenant: parseTenantId('alpha'), collection: 'c', key: ['id'], text: ['body'] };
      await expect(attachTable(shop.owner, { ...odd, metadata: [] })).rejects.toThrow(sentence);
      await shop.owner.query(`drop ${ddl.includes('view') ? 'view' : 'table'} shop.odd`);
    });
  });

  describe('has the rows that were there before', () => {
    beforeEach(async () => {
      await shop.owner.query('alter table shop.articles disable trigger user');
      await shop.run(
        `insert into shop.articles (id, tenant, title) select n, 'alpha', 'old ' || n from generate_series(1, 1200) n`,
      );
      await shop.owner.query('alter table shop.articles enable trigger user');
    });

    test('noted in steps, and goes on where it was stopped', async () => {
      const stop = new AbortController();
      await backfill(shop.owner, 'shop.articles', {
        change: 'upsert',
        signal: stop.signal,
        onStep: () => stop.abort(),
      });
      expect(await listSources(shop.owner)).toMatchObject([{ backfilled: 500, isBackfilled: false, waiting: 500 }]);
      expect(await backfill(shop.owner, 'shop.articles', { change: 'upsert' })).toBe(700);
      expect(await listSources(shop.owner)).toMatchObject([{ backfilled: 1200, isBackfilled: true, waiting: 1200 }]);
      expect(new Set(await takeChanges()).size).toBe(1200);
    });

    test('older than every change that was made meanwhile', async () => {
      await shop.run('begin');
      await shop.run(`update shop.articles set title = 'edited' where id = 7; delete from shop.articles where id = 8`);
      await backfill(shop.owner, 'shop.articles', { change: 'upsert' });
      await shop.run('commit');
      const { rows } = await db.owner.query(
        `select distinct on (key) key, kind, snapshot ->> 'title' as title from source_changes where key in ('7', '8', '9') order by key, seq desc`,
      );
      expect(rows).toEqual([
        { key: '7', kind: 'upsert', title: 'edited' },
        { key: '8', kind: 'delete', title: null },
        { key: '9', kind: 'upsert', title: 'old 9' },
      ]);
    });
  });
});
