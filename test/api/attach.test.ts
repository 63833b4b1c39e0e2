import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createBatchSize } from '../../src/db/batch-size.ts';
import { reconcile } from '../../src/drift/reconcile.ts';
import { parseTenantId } from '../../src/ids.ts';
import { applySourceChanges, deletedPerBatch, type SourceDeps } from '../../src/ingest/sources/apply-changes.ts';
import { attachTable, detachTable } from '../../src/ingest/sources/attach-table.ts';
import { backfill } from '../../src/ingest/sources/backfill.ts';
import { listSources, retryFailures } from '../../src/ingest/sources/list-sources.ts';
import type { Mapping } from '../../src/ingest/sources/source.ts';
import { createLogger } from '../../src/log.ts';
import { createStorageCheck } from '../../src/quotas/check-write.ts';
import { followWork } from '../../src/worker/follow-work.ts';
import { drain, startWorker } from '../../src/worker/worker.ts';
import { type Application, openApplication } from '../support/application.ts';
import { describeServer } from '../support/database.ts';
import { driftDeps } from '../support/drift-deps.ts';
import { openTestGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
let shop: Application;
let deps: SourceDeps;

const mapping: Mapping = {
  table: 'shop.articles',
  tenantColumn: 'tenant',
  collection: 'articles',
  key: ['id'],
  title: 'title',
  text: ['body'],
  metadata: ['price'],
  url: 'url',
};

/** Applies until nothing waits, and embeds. */
async function settle(with_: SourceDeps = deps): Promise<void> {
  await drain({ ...gateway.workerDeps, applyChanges: () => applySourceChanges(with_) });
}

/** Titles of what a tenant finds, by their words. */
async function found(tenant: string, text: string): Promise<string[]> {
  const { data } = await gateway.graphql(
    await gateway.tokenFor(tenant),
    `query ($text: String!) { search(input: { text: $text, mode: KEYWORD }, first: 20) {
      ... on SearchConnection { edges { node { title } } } ... on Error { message } } }`,
    { text },
  );
  const { search } = data as { search: { edges: { node: { title: string } }[] } };
  return search.edges.map(({ node }) => node.title).sort();
}

const stored = async () =>
  (
    await gateway.db.owner.query<{ document: string }>(
      `select tenant_id || ' ' || external_id || ' ' || title || ' v' || version as document from documents order by 1`,
    )
  ).rows.map(({ document }) => document);

const waiting = async () => (await gateway.db.owner.query('select key, reason, attempts from source_changes')).rows;

describeServer('an application’s table', () => {
  beforeAll(async () => {
    gateway = await openTestGateway();
    shop = await openApplication(gateway.db);
    deps = {
      database: gateway.workerDeps.database,
      modelId: gateway.deps.modelId,
      chunking: gateway.deps.chunking,
    };
    await shop.owner.query(`create table shop.articles (
      id bigint primary key, tenant text, title text, body text, price numeric, url text)`);
  });
  afterAll(async () => {
    await shop.close();
    await gateway.close();
  });
  beforeEach(async () => {
    await shop.run('rollback');
    await gateway.db.owner.query('delete from sources; delete from source_changes; delete from documents');
    await shop.owner.query('drop table shop.articles');
    await shop.owner.query(`create table shop.articles (
      id bigint primary key, tenant text, title text, body text, price numeric, url text)`);
    await attachTable(shop.owner, mapping);
  });

  const insert = (id: number, title: string, body: string | null = 'text', tenant = 'alpha') =>
    shop.run('insert into shop.articles values ($1, $2, $3, $4, 9.5, $5)', [
      id,
      tenant,
      title,
      body,
      'https://shop.example/a',
    ]);

  test('is searchable once its transaction has committed, and what was rolled back never is', async () => {
    await shop.run('begin');
    await insert(1, 'Lamp', 'A lamp for the zephyr desk.');
    await settle();
    expect(await found('alpha', 'zephyr')).toEqual([]);
    await shop.run('commit');
    await shop.run('begin');
    await insert(2, 'Ghost', 'A zephyr that never was.');
    await shop.run('rollback');
    await settle();
    expect(await found('alpha', 'zephyr')).toEqual(['Lamp']);
    expect(await found('beta', 'zephyr')).toEqual([]);
    await shop.run(`update shop.articles set body = 'It is a quokka now.' where id = 1`);
    await settle();
    expect([await found('alpha', 'zephyr'), await found('alpha', 'quokka')]).toEqual([[], ['Lamp']]);
    await shop.run(`update shop.articles set tenant = 'beta'`);
    await settle();
    expect([await found('alpha', 'quokka'), await found('beta', 'quokka')]).toEqual([[], ['Lamp']]);
    await shop.run('delete from shop.articles');
    await settle();
    expect(await stored()).toEqual([]);
    expect(await waiting()).toEqual([]);
  });

  test('has its metadata and url in the document, and itself in the audit log', async () => {
    await insert(1, 'Lamp');
    await settle();
    const { rows } = await gateway.db.owner.query(
      `select metadata, url, (select subject from audit_log order by at desc limit 1) as subject from documents`,
    );
    expect(rows).toEqual([{ metadata: { price: 9.5 }, url: 'https://shop.example/a', subject: 'table shop.articles' }]);
  });

  test('writes a document for the newest of many changes of a row, once', async () => {
    await insert(1, 'one');
    for (const title of ['two', 'three']) await shop.run('update shop.articles set title = $1', [title]);
    await settle();
    expect(await stored()).toEqual(['alpha 1 three v1']);
    await shop.run('update shop.articles set title = title');
    await settle();
    expect(await stored()).toEqual(['alpha 1 three v1']);
  });

  test('has no document for a row without a text, the title for a text, and the key for a title', async () => {
    await shop.run(`insert into shop.articles (id, tenant, title, body) values
      (1, 'alpha', null, ' '), (2, 'alpha', 'only', null), (3, 'alpha', '', 'body')`);
    await settle();
    expect(await stored()).toEqual(['alpha 2 only v1', 'alpha 3 3 v1']);
    await shop.run('update shop.articles set title = null where id = 2');
    await settle();
    expect(await stored()).toEqual(['alpha 3 3 v1']);
  });

  test('has rows for which their tenant has no room wait until it has, and writes what fits and what others have', async () => {
    const limited = { ...deps, checkWrite: createStorageCheck({ documents: 3 }) };
    await shop.run(`insert into shop.articles (id, tenant, title, body)
      select n, case when n = 6 then 'beta' else 'alpha' end, 'row ' || n, 'b' from generate_series(1, 6) n`);
    await settle(limited);
    expect(await stored()).toEqual(['alpha 1 row 1 v1', 'alpha 2 row 2 v1', 'alpha 3 row 3 v1', 'beta 6 row 6 v1']);
    const reason = 'The tenant would have 4 documents; 3 are allowed. Delete some first.';
    expect(await waiting()).toMatchObject([
      { key: '4', reason, attempts: 1 },
      { key: '5', reason, attempts: 1 },
    ]);
    // What is there is changed, what goes makes room, and what was set for the tenant counts for more.
    await shop.run(`update shop.articles set title = 'changed' where id = 1; delete from shop.articles where id = 2`);
    const due = 'update source_changes set available_at = now()';
    await gateway.db.owner.query(due);
    await settle(limited);
    expect(await stored()).toEqual(['alpha 1 changed v2', 'alpha 3 row 3 v1', 'alpha 4 row 4 v1', 'beta 6 row 6 v1']);
    await gateway.db.owner.query(`update source_changes set attempts = 5000, available_at = now()`);
    await settle(limited);
    expect(await waiting(), 'it is never given up').toMatchObject([{ key: '5', attempts: 5001 }]);
    expect(await listSources(shop.owner)).toMatchObject([{ waiting: 1, failed: 0 }]);
    await gateway.db.owner.query(`insert into quota_limits (tenant_id, key_id, documents)
      values ('alpha', '00000000-0000-0000-0000-000000000000', 4); ${due}`);
    await settle(limited);
    expect(await waiting()).toEqual([]);
    expect(await stored()).toContain('alpha 5 row 5 v1');
    await gateway.db.owner.query('delete from quota_limits');
  });

  test('keeps what cannot be a document as a failure with its reason, which holds up nothing and ends with the row', async () => {
    await shop.run(`insert into shop.articles (id, tenant, title, body, url) values (1, 'alpha', repeat('x', 1001), 'b', null),
      (2, 'alpha', 'good', 'b', null), (3, 'alpha', 'long', repeat('y', 1000001), null), (4, 'alpha', 'url', 'b', 'not a url')`);
    await settle();
    expect(await stored()).toEqual(['alpha 2 good v1']);
    const [{ failed, failures }] = (await listSources(shop.owner)) as [Awaited<ReturnType<typeof listSources>>[number]];
    expect(failed).toBe(3);
    expect(failures.map(({ tenant, key, reason }) => `${tenant} ${key}: ${reason}`)).toEqual([
      'alpha 1: the title has 1001 characters; at most 1000 are allowed.',
      'alpha 3: the body has 1000001 characters; at most 1000000 are allowed.',
      'alpha 4: the url is not an absolute http or https address.',
    ]);
    await shop.run(`update shop.articles set title = 'short' where id = 1; delete from shop.articles where id > 2`);
    await settle();
    expect(await stored()).toEqual(['alpha 1 short v1', 'alpha 2 good v1']);
    expect(await waiting()).toEqual([]);
  });

  test('has a poisonous change divided out of its batch, put off, given up and retried by a command', async () => {
    const { countTokens } = deps.chunking;
    const poisoned: SourceDeps = {
      ...deps,
      chunking: {
        ...deps.chunking,
        countTokens: (text) => {
          if (text.includes('poison')) throw new Error('This text is poison.');
          return countTokens(text);
        },
      },
    };
    for (let id = 1; id <= 9; id++) await insert(id, `t${id}`, id === 4 ? 'poison' : 'bread');
    await settle(poisoned);
    expect(await stored()).toHaveLength(8);
    expect(await waiting()).toEqual([{ key: '4', reason: 'This text is poison.', attempts: 1 }]);
    for (let attempt = 2; attempt <= 7; attempt++) {
      await gateway.db.owner.query('update source_changes set available_at = now()');
      await settle(poisoned);
    }
    expect(await listSources(shop.owner)).toMatchObject([{ waiting: 0, failed: 1 }]);
    expect(await retryFailures(shop.owner, 'shop.articles')).toBe(1);
    await settle();
    expect(await stored()).toHaveLength(9);
  });

  test('is written exactly once by a worker whose connection is killed before it commits', async () => {
    await insert(1, 'Lamp');
    const killed: SourceDeps = {
      ...deps,
      checkWrite: async () => {
        await gateway.db.owner.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tessera_worker_login' and datname = current_database()`,
        );
      },
    };
    await expect(applySourceChanges(killed)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect([await stored(), await waiting()]).toEqual([[], [{ key: '1', reason: null, attempts: 0 }]]);
    await settle();
    expect([await stored(), await waiting()]).toEqual([['alpha 1 Lamp v1'], []]);
  });

  test('has two workers write the changes of a tenant in their order, never the older over the newer', async () => {
    await insert(1, 'first');
    const held = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    const slow: SourceDeps = {
      ...deps,
      checkWrite: async () => {
        reached.resolve();
        await held.promise;
      },
    };
    const first = applySourceChanges(slow);
    await reached.promise;
    await shop.run(`update shop.articles set title = 'second'`);
    // The application does not wait for the worker, and the other worker leaves the tenant to the first.
    expect(await applySourceChanges(deps)).toBe(0);
    held.resolve();
    await first;
    await settle();
    expect(await stored()).toEqual(['alpha 1 second v2']);
  });

  test('lets no tenant’s bulk load keep another’s change waiting', async () => {
    await shop.run(`insert into shop.articles select n, 'alpha', 't' || n, 'b' from generate_series(1, 350) n`);
    await insert(1_000, 'single', 'b', 'beta');
    await applySourceChanges(deps);
    const { rows } = await gateway.db.owner.query(
      'select tenant_id, count(*)::integer from documents group by 1 order by 1',
    );
    expect(rows).toEqual([
      { tenant_id: 'alpha', count: 100 },
      { tenant_id: 'beta', count: 1 },
    ]);
  });

  test('that is emptied empties its collection and nothing that came after', async () => {
    await insert(1, 'old');
    await insert(2, 'other', 'b', 'beta');
    await settle();
    await gateway.upsert('alpha', [{ externalId: 'x', collection: 'elsewhere', title: 'stays', body: 'b' }]);
    await insert(3, 'unwritten');
    await shop.run('truncate shop.articles');
    await insert(4, 'new');
    await settle();
    expect(await stored()).toEqual(['alpha 4 new v1', 'alpha x stays v1']);
    expect(await waiting()).toEqual([]);
  });

  test('that is emptied is emptied in smaller steps where a step takes longer than a statement may', async () => {
    await shop.run(`insert into shop.articles select n, 'alpha', 't' || n, 'b' from generate_series(1, 300) n`);
    await settle();
    await gateway.db.owner.query(`create function slow() returns trigger language plpgsql as
        $$ begin perform pg_sleep(0.003); return old; end $$;
      create trigger slow before delete on documents for each row execute function slow()`);
    const faults: unknown[] = [];
    const { database } = deps;
    const hurried = {
      ...deps,
      database: { ...database, scopeDefaults: { ...database.scopeDefaults, statementTimeoutMs: 600 } },
      emptying: createBatchSize(deletedPerBatch),
      onFault: (error: unknown) => faults.push(error),
    };
    try {
      await shop.run('truncate shop.articles');
      await settle(hurried);
    } finally {
      await gateway.db.owner.query('drop trigger slow on documents; drop function slow()');
    }
    expect(faults).toEqual([]);
    expect(await stored()).toEqual([]);
    expect(await waiting()).toEqual([]);
    expect(hurried.emptying.most).toBeLessThan(deletedPerBatch);
  });

  test('that cannot be emptied keeps no other tenant’s changes from being written', async () => {
    await insert(1, 'old');
    await settle();
    await gateway.db.owner.query(`create function refuse() returns trigger language plpgsql as
        $$ begin raise 'not now'; end $$;
      create trigger refuse before delete on documents for each row execute function refuse()`);
    const faults: unknown[] = [];
    try {
      await shop.run('truncate shop.articles');
      await insert(2, 'other', 'b', 'beta');
      await applySourceChanges({ ...deps, onFault: (error, { tenantId }) => faults.push([tenantId, String(error)]) });
    } finally {
      await gateway.db.owner.query('drop trigger refuse on documents; drop function refuse()');
    }
    expect(faults).toEqual([['alpha', 'error: not now']]);
    expect(await stored()).toEqual(['alpha 1 old v1', 'beta 2 other v1']);
    await settle();
    expect(await stored()).toEqual(['beta 2 other v1']);
  });

  test('has the rows that were there before, and edits made during the backfill win', async () => {
    await shop.owner.query('alter table shop.articles disable trigger user');
    await shop.run(`insert into shop.articles select n, 'alpha', 'old', 'b' from generate_series(1, 1100) n`);
    await shop.owner.query('alter table shop.articles enable trigger user');
    let isRunning = true;
    const edits = async () => {
      for (let id = 1; isRunning || id < 40; id++) {
        await shop.run(`update shop.articles set title = 'edited' where id = $1`, [id * 7]);
        if (id % 5 === 0) await shop.run('delete from shop.articles where id = $1', [id * 7 + 1]);
        await applySourceChanges(deps);
      }
    };
    const editing = edits();
    await backfill(shop.owner, 'shop.articles', { change: 'upsert' });
    isRunning = false;
    await editing;
    await settle();
    const { rows: truth } = await shop.run(
      `select 'alpha ' || id || ' ' || title as row from shop.articles order by 1`,
    );
    expect((await stored()).map((each) => each.replace(/ v\d+$/, '')).sort()).toEqual(
      truth.map(({ row }: { row: string }) => row).sort(),
    );
    expect(await reconcile(driftDeps(gateway), parseTenantId('alpha'), { mend: false })).toEqual([]);
  });

  test('that is detached leaves its documents, or takes them along', async () => {
    await insert(1, 'Lamp');
    await settle();
    await detachTable(shop.owner, 'shop.articles');
    await insert(2, 'unseen');
    await settle();
    expect(await stored()).toEqual(['alpha 1 Lamp v1']);
    await attachTable(shop.owner, mapping);
    await gateway.upsert('alpha', [{ externalId: 'own', collection: 'articles', title: 'stays', body: 'b' }]);
    expect(await detachTable(shop.owner, 'shop.articles', { deleteDocuments: true })).toBe(2);
    await settle();
    expect(await stored()).toEqual(['alpha own stays v1']);
    expect(await listSources(shop.owner)).toEqual([]);
  });

  test('of a suspended tenant waits until the tenant is resumed', async () => {
    await insert(1, 'Lamp');
    await gateway.db.owner.query(`update tenants set status = 'suspended' where id = 'alpha'`);
    await insert(2, 'more');
    await settle();
    expect(await stored()).toEqual([]);
    await gateway.db.owner.query(`update tenants set status = 'active' where id = 'alpha'`);
    await settle();
    expect(await stored()).toEqual(['alpha 1 Lamp v1', 'alpha 2 more v1']);
  });

  test('wakes the worker with its commit', async () => {
    const log = createLogger({ level: 'silent', destination: { write: () => {} } });
    let woken = 0;
    const worker = startWorker({ ...gateway.workerDeps, applyChanges: () => applySourceChanges(deps) }, log);
    const heard = Promise.withResolvers<void>();
    const listener = followWork(
      gateway.db.worker,
      {
        wake: () => {
          woken += 1;
          if (woken === 2) heard.resolve();
          worker.wake();
        },
      },
      log,
      gateway.db.urls.worker,
    );
    try {
      // The first time is that the connection listens.
      await expect.poll(() => woken).toBe(1);
      await insert(1, 'Lamp');
      await heard.promise;
      await expect.poll(() => stored()).toEqual(['alpha 1 Lamp v1']);
    } finally {
      await listener.close();
      await worker.stop();
    }
  });

  test('has its tenant’s changes erased with the tenant', async () => {
    await insert(1, 'Lamp', 'b', 'leaver');
    await gateway.db.owner.query(
      `insert into tenant_deletions (tenant_id, id, requested_by) values ('leaver', gen_random_uuid(), 'x')`,
    );
    await gateway.db.owner.query(`update tenants set status = 'deleting' where id = 'leaver'`);
    for (let step = 0; step < 4; step++) await gateway.db.owner.query(`select erase_tenant('leaver', 100)`);
    const { rows } = await gateway.db.owner.query(
      `select remaining -> 'source_changes' as left, erased -> 'source_changes' as erased from tenant_deletions where tenant_id = 'leaver'`,
    );
    expect(rows).toEqual([{ left: 0, erased: 1 }]);
    await shop.run(`update shop.articles set title = 'after'`);
    expect(await waiting()).toEqual([]);
  });
});
