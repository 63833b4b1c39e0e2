import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tokenIsRevokedStatement } from '../../src/access/access-statements.ts';
import { readAccessFaults } from '../../src/db/access-faults.ts';
import { type Database, readInFlight, transact } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import {
  adminScope,
  gateScope,
  operatorScope,
  revokerScope,
  tenantScope,
  workerScope,
  writerScope,
} from '../../src/db/scope.ts';
import { parseTenantId, type TenantId } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { openQuotas } from '../../src/quotas/open-quotas.ts';
import { setTenantLimits } from '../../src/quotas/tenant-limits.ts';
import { createTenant, renameTenant, resumeTenant, suspendTenant } from '../../src/tenants/change-tenant.ts';
import { deleteTenant, readDeletion, readDeletions } from '../../src/tenants/delete-tenant.ts';
import { listTenants, readManagedTenant, readTenantSizes } from '../../src/tenants/list-tenants.ts';
import { createGraphStatement, graphIndexName } from '../../src/tiers/graph-index.ts';
import { reviewTiers } from '../../src/tiers/review-tiers.ts';
import { type ErasureStep, eraseTenantStatement, eraseTenants } from '../../src/worker/erase-tenants.ts';
import { purgeRevokedTokens } from '../../src/worker/purge-revoked-tokens.ts';
import { describeServer, openTestDatabase, type Superuser, type TestDatabase } from '../support/database.ts';
import { tryInScope } from '../support/in-scope.ts';
import { principalOf } from '../support/principal.ts';
import { seedTenant } from '../support/seed.ts';
import { seedEveryTable } from '../support/seed-every-table.ts';
import { statement } from '../support/statement.ts';

const operator = principalOf('operations', { scopes: ['operator'] });
const alpha = parseTenantId('alpha');
const beta = parseTenantId('beta');
const select = statement<{ id: string }>('select id from documents');

let db: TestDatabase;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db.close());

beforeEach(async () => {
  await db.owner.query(
    'delete from tenant_deletions; delete from tenants; delete from canaries; delete from revoked_tokens; delete from sources; delete from source_faults',
  );
  for (const id of [alpha, beta]) await seedEveryTable(db.owner, id);
  await db.owner.query('delete from tenant_deletions');
});

/** Rows that have a tenant's id for a value of any column, by table, read past every policy. */
async function rowsOf(tenantId: TenantId, owner: Superuser = db.owner): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await tablesOfTenants(owner)) {
    const { rows } = await owner.query(
      `select count(*)::int as count from ${table} t where position($1 in to_jsonb(t)::text) > 0`,
      [JSON.stringify(tenantId)],
    );
    counts[table] = rows[0].count;
  }
  return counts;
}

/** Every table there is but receipts, and these, which no tenant has rows of. */
const ofNoTenant = ['engine_settings', 'models', 'schema_migrations'];

async function tablesOfTenants(owner: Superuser = db.owner): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c
     where c.relnamespace = 'tessera'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all ($1) order by 1`,
    [['tenant_deletions', ...ofNoTenant]],
  );
  return rows.map(({ name }) => name);
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

const scopes = {
  reader: () => tenantScope(principalOf('alpha')),
  writer: () => writerScope(principalOf('alpha')),
  administrator: () => adminScope(principalOf('alpha', { scopes: ['tenant:admin'] })),
};

describe('a tenant that is suspended', () => {
  test.each(Object.entries(scopes))(
    'is refused as its %s by the scope itself, and its neighbour is not',
    async (_, scope) => {
      await suspendTenant(db, operator, alpha);
      const nothing = statement('select 1');
      expect(await codeOf(readInFlight(db.database, scope(), [nothing]))).toBe('TENANT_SUSPENDED');
      expect(await codeOf(transact(db.database, scope(), (execute) => execute(nothing)))).toBe('TENANT_SUSPENDED');
      expect(await codeOf(readInFlight(db.database, { ...scope(), tenantId: beta }, [nothing]))).toBe('done');
      await resumeTenant(db, operator, alpha);
      expect(await codeOf(readInFlight(db.database, scope(), [nothing]))).toBe('done');
    },
  );

  test('is refused as the worker, who still finds the others’ jobs', async () => {
    await suspendTenant(db, operator, alpha);
    expect(await codeOf(readInFlight(db.worker, workerScope(alpha), [statement('select 1')]))).toBe('TENANT_SUSPENDED');
    expect(await codeOf(readInFlight(db.worker, workerScope(beta), [statement('select 1')]))).toBe('done');
  });

  test('is refused each write by the tables, too, where a connection was given the tenant without being asked', async () => {
    await suspendTenant(db, operator, alpha);
    const attempt = async (tenantId: TenantId, role: string, text: string) => {
      const pool = role === 'tessera_worker' ? db.worker.pool : db.database.pool;
      const client = await pool.connect();
      try {
        await client.query(`begin; set local role ${role}; set local tessera.tenant_id = '${tenantId}'`);
        return (await client.query(text)).rowCount;
      } catch (error) {
        return (error as { code: string }).code;
      } finally {
        await client.query('rollback');
        client.release();
      }
    };
    for (const [role, text] of [
      ['tessera_tenant', `insert into tessera.collections (tenant_id, name) values (tessera.current_tenant(), 'x')`],
      ['tessera_tenant', `update tessera.documents set title = 'x' where tenant_id = tessera.current_tenant()`],
      ['tessera_tenant', `delete from tessera.chunks where tenant_id = tessera.current_tenant()`],
      ['tessera_admin', `update tessera.api_keys set revoked_at = now() where tenant_id = tessera.current_tenant()`],
      ['tessera_worker', `delete from tessera.term_stats where tenant_id = tessera.current_tenant()`],
    ] as const) {
      expect(await attempt(alpha, role, text), text).toBe('TS001');
      expect(await attempt(beta, role, text), text).toBeGreaterThan(0);
    }
  });

  test('lets its administrator take credentials back in a scope for that, and that scope write nothing else, suspended or not', async () => {
    const administrator = revokerScope(principalOf('alpha', { scopes: ['tenant:admin'] }));
    const revoke = `update api_keys set revoked_at = now() where tenant_id = 'alpha'`;
    const others = [
      `insert into api_keys (tenant_id, id, prefix, secret_hash, name, subject, scopes, created_by)
       values ('alpha', gen_random_uuid(), '0123456789ab', sha256('y'), 'two', 'key', '["search"]', 'x')`,
    ];
    for (const status of ['suspended', 'active']) {
      await db.owner.query(`update tenants set status = $1 where id = 'alpha'`, [status]);
      expect(await tryInScope(db.database, administrator, revoke), status).toMatchObject({ count: 1 });
      for (const text of others)
        expect(await tryInScope(db.database, administrator, text), text).toEqual({ code: '42501' });
    }
    const { revokes: _, ...usual } = administrator;
    for (const text of others) expect(await tryInScope(db.database, usual, text), text).toMatchObject({ count: 1 });
    await suspendTenant(db, operator, alpha);
    for (const role of ['tessera_tenant', 'tessera_reader'] as const)
      expect(await codeOf(readInFlight(db.database, { ...administrator, role }, [select])), role).toBe(
        'TENANT_SUSPENDED',
      );
    await deleteTenant(db, operator, alpha);
    expect(await codeOf(readInFlight(db.database, administrator, [statement('select 1')]))).toBe('TENANT_DELETED');
  });

  test('is refused in the middle of a transaction that began before, at its next write', async () => {
    const work = transact(db.database, writerScope(principalOf('alpha')), async (execute) => {
      await execute(statement(`insert into collections (tenant_id, name) values ('alpha', 'first')`));
      if (db.kind === 'server') await suspendTenant(db, operator, alpha);
      return execute(statement(`insert into collections (tenant_id, name) values ('alpha', 'second')`));
    });
    expect(await codeOf(work)).toBe(db.kind === 'server' ? 'TENANT_SUSPENDED' : 'done');
  });

  test('keeps its data: every table holds what it held', async () => {
    const before = await rowsOf(alpha);
    await suspendTenant(db, operator, alpha);
    await resumeTenant(db, operator, alpha);
    // And what was done to it is put down.
    expect(await rowsOf(alpha)).toEqual({ ...before, audit_log: (before.audit_log ?? 0) + 2 });
  });

  test('leaves the connection as it was: the next scope on it is answered', async () => {
    await suspendTenant(db, operator, alpha);
    for (let turn = 0; turn < 5; turn++) {
      expect(await codeOf(readInFlight(db.database, scopes.reader(), [select]))).toBe('TENANT_SUSPENDED');
      expect(await readInFlight(db.database, tenantScope(principalOf('beta')), [select])).toMatchObject([[{}]]);
    }
  });
});

describe('the operator', () => {
  test('is shown all tenants with what they hold, page by page', async () => {
    await suspendTenant(db, operator, beta);
    const first = await listTenants(db, operator, { first: 1 });
    expect(first).toMatchObject({
      items: [{ tenant: { id: 'alpha', status: 'active', tier: 'exact' } }],
      hasNextPage: true,
    });
    const second = await listTenants(db, operator, { first: 1, after: first.items[0]?.cursor ?? '' });
    expect(second).toMatchObject({ items: [{ tenant: { id: 'beta', status: 'suspended' } }], hasNextPage: false });
    expect((await listTenants(db, operator, { status: 'active' })).items.map(({ tenant }) => tenant.id)).toEqual([
      'alpha',
    ]);
    await db.owner.query('analyze documents, chunks, embeddings');
    const sizes = await readTenantSizes(db, operator, [alpha, beta]);
    expect(sizes.get(beta)).toEqual({ documents: 1, chunks: 2, embeddings: 1, tableBytes: expect.any(Number) });
    expect(sizes.get(beta)?.tableBytes).toBeGreaterThan(0);
  });

  test('is nobody without the scope: PostgreSQL refuses every change and every other tenant', async () => {
    for (const principal of [
      principalOf('alpha'),
      principalOf('alpha', { scopes: ['search', 'documents:read', 'documents:write', 'tenant:admin'] }),
    ]) {
      for (const act of [
        () => createTenant(db, principal, parseTenantId('gamma'), ''),
        () => suspendTenant(db, principal, alpha),
        () => resumeTenant(db, principal, beta),
        () => renameTenant(db, principal, beta, 'x'),
        () => deleteTenant(db, principal, beta),
        () => readTenantSizes(db, principal, [beta]),
        () => readDeletions(db, principal, beta),
      ])
        expect(await codeOf(act()), act.toString()).toBe('42501');
      expect(await codeOf(readManagedTenant(db, principal, beta))).toBe('42501');
    }
    expect(await readManagedTenant(db, operator, beta)).toMatchObject({ id: 'beta' });
  });

  test('never sees what a tenant holds: no row and no column of any of its tables', async () => {
    const visible = new Set([
      'tenants',
      'tenant_models',
      'corpus_stats',
      'drift_looks',
      'recall_curves',
      'quota_limits',
    ]);
    for (const table of await tablesOfTenants())
      expect(await tryInScope(db.database, operatorScope, `select 1 from ${table}`), table).toEqual(
        visible.has(table) ? { rows: expect.anything(), count: expect.any(Number) } : { code: '42501' },
      );
    for (const table of ['documents', 'chunks', 'embeddings', 'collections', 'api_keys'])
      for (const verb of ['delete from', 'insert into'])
        expect(
          await tryInScope(
            db.database,
            operatorScope,
            `${verb} ${table} ${verb.startsWith('i') ? 'default values' : ''}`,
          ),
        ).toEqual({ code: '42501' });
  });

  test('creates, renames and finds out why not', async () => {
    const gamma = parseTenantId('gamma');
    expect(await createTenant(db, operator, gamma, 'Gamma Ltd')).toMatchObject({
      name: 'Gamma Ltd',
      status: 'active',
      tier: null,
    });
    await expect(createTenant(db, operator, gamma, '')).rejects.toMatchObject({ code: 'TENANT_EXISTS' });
    expect(await renameTenant(db, operator, gamma, 'Delta')).toMatchObject({ id: 'gamma', name: 'Delta' });
    for (const act of [suspendTenant, resumeTenant, deleteTenant])
      await expect(act(db, operator, parseTenantId('nobody'))).rejects.toMatchObject({ code: 'TENANT_NOT_FOUND' });
    await expect(renameTenant(db, operator, gamma, 'x'.repeat(201))).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('a tenant that is deleted', () => {
  test('is erased from every table of the catalog, and its neighbour from none', async () => {
    const [before, neighbour] = [await rowsOf(alpha), await rowsOf(beta)];
    for (const [table, count] of Object.entries(before))
      expect(count, `${table} holds something to erase`).toBeGreaterThan(0);
    const { id, status } = await deleteTenant(db, operator, alpha);
    expect(status).toBe('waiting');
    await eraseTenants(db.worker);
    const receipt = await readDeletion(db, operator, id);
    expect(receipt).toMatchObject({
      tenantId: 'alpha',
      status: 'finished',
      requestedBy: 'somebody',
      indexesToDrop: [],
    });
    expect(receipt?.finishedAt).toBeInstanceOf(Date);
    const erased = Object.fromEntries((receipt?.tables ?? []).map(({ table, erasedRows }) => [table, erasedRows]));
    // The deletion and the table that is detached are put down, and erased with the rest.
    expect(erased, 'the receipt counts what was there').toEqual({ ...before, audit_log: (before.audit_log ?? 0) + 2 });
    expect(receipt?.detachedTables).toEqual(['seeded.alpha']);
    for (const { table, remainingRows } of receipt?.tables ?? []) expect(remainingRows, table).toBe(0);
    expect(Object.values(await rowsOf(alpha)).every((count) => count === 0)).toBe(true);
    expect(await rowsOf(beta)).toEqual(neighbour);
    expect((await db.owner.query(`select id from tenants`)).rows).toEqual([{ id: 'beta' }]);
  });

  test('has a receipt that lists every table with a tenant’s rows: none that is added later is forgotten', async () => {
    const { id } = await deleteTenant(db, operator, alpha);
    await eraseTenants(db.worker);
    const listed = (await readDeletion(db, operator, id))?.tables.map(({ table }) => table);
    expect(listed).toEqual(await tablesOfTenants());
  });

  test('is looked for in every column: a table that names it by another one is noticed', async () => {
    const found = await db.whatIf(async (superuser) => {
      await superuser.query(`create table tessera.notes (owner text); insert into tessera.notes values ('alpha')`);
      return rowsOf(alpha, superuser);
    });
    expect(found).toMatchObject({ notes: 1, sources: 1, source_faults: 1 });
  });

  test('leaves revocations of tokens that have not expired, and of these no more than it takes, and says so in its receipt', async () => {
    const revoke = `insert into revoked_tokens (tenant_id, token_id, expires_at, revoked_by)
      values ('alpha', $1, date_trunc('second', now()) + $2::interval, 'somebody') returning expires_at as "expiresAt"`;
    await db.owner.query(revoke, ['soon', '1 minute']);
    await db.owner.query(revoke, ['within the hour that clocks may differ', '-59 minutes']);
    const { rows } = await db.owner.query<{ expiresAt: Date }>(revoke, ['last', '2 days']);
    const revoked = async (token: string) =>
      (await readInFlight(db.database, gateScope, [tokenIsRevokedStatement(alpha, token)]))[0][0]?.revoked;
    const { id, keptRevocations } = await deleteTenant(db, operator, alpha);
    expect(keptRevocations, 'until it is finished').toBe(0);
    await eraseTenants(db.worker);
    const receipt = await readDeletion(db, operator, id);
    expect(receipt).toMatchObject({ status: 'finished', keptRevocations: 3 });
    expect(receipt?.keptRevocationsUntil?.getTime()).toBe((rows[0]?.expiresAt.getTime() ?? 0) + 3_600_000);
    const remaining = (receipt?.tables ?? []).filter(({ remainingRows }) => remainingRows !== 0);
    expect(remaining, 'the seeded one had expired').toEqual([
      { table: 'revoked_tokens', erasedRows: 1, remainingRows: 3 },
    ]);
    const left = await rowsOf(alpha);
    expect(Object.entries(left).filter(([, count]) => count > 0)).toEqual([['revoked_tokens', 3]]);
    expect(
      (await db.owner.query(`select distinct revoked_by from revoked_tokens where tenant_id = 'alpha'`)).rows,
    ).toEqual([{ revoked_by: '' }]);
    await createTenant(db, operator, alpha, 'anew');
    expect([await revoked('last'), await revoked('one'), await revoked('another')]).toEqual([true, false, false]);
    // And once more, after which the worker clears them away as it does all others.
    await deleteTenant(db, operator, alpha);
    await eraseTenants(db.worker);
    expect((await readDeletions(db, operator, alpha))[0]).toMatchObject({ status: 'finished', keptRevocations: 3 });
    await db.owner.query(`update revoked_tokens set expires_at = now() - interval '2 hours' where tenant_id = 'alpha'`);
    await purgeRevokedTokens(db.worker);
    expect((await rowsOf(alpha)).revoked_tokens).toBe(0);
  });

  test('is not taken for erased where a table does not let the eraser see its rows', async () => {
    await deleteTenant(db, operator, alpha);
    await db.owner.query('alter policy eraser_reads on term_stats using (false)');
    try {
      await expect(eraseTenants(db.worker)).rejects.toThrow(
        /no policies on tessera\.term_stats: run "select tessera\.guard/,
      );
    } finally {
      await db.owner.query('alter policy eraser_reads on term_stats using (true)');
    }
    await eraseTenants(db.worker);
    expect((await readDeletions(db, operator, alpha))[0]?.status).toBe('finished');
  });

  test('is refused from the moment of the request, and after it, and does not come back with a token that is still good', async () => {
    const write = () =>
      transact(db.database, writerScope(principalOf('alpha')), (execute) =>
        execute(statement(`insert into tenants (id) values ('alpha') on conflict do nothing`)),
      );
    const attempts = async () => [
      await codeOf(readInFlight(db.database, scopes.reader(), [select])),
      await codeOf(write()),
      await codeOf(readInFlight(db.database, scopes.administrator(), [select])),
    ];
    await deleteTenant(db, operator, alpha);
    expect(await attempts()).toEqual(Array(3).fill('TENANT_DELETED'));
    await eraseTenants(db.worker);
    expect(await attempts()).toEqual(Array(3).fill('TENANT_DELETED'));
    // Past the scope's own look: the policy of the table says the same.
    const client = await db.database.pool.connect();
    try {
      await client.query(`begin; set local role tessera_tenant; set local tessera.tenant_id = 'alpha'`);
      await expect(client.query(`insert into tessera.tenants (id) values ('alpha')`)).rejects.toMatchObject({
        code: '42501',
      });
    } finally {
      await client.query('rollback');
      client.release();
    }
    await createTenant(db, operator, alpha, 'anew');
    expect(await codeOf(write())).toBe('done');
    expect(await readInFlight(db.database, scopes.reader(), [select])).toEqual([[]]);
    expect(await readDeletions(db, operator, alpha), 'the receipt is kept').toHaveLength(1);
  });

  test('is brought back by nobody but whoever creates it anew: not by limits, and by no insert of a role', async () => {
    const quotas = await openQuotas({ database: db.database, defaults: {}, log: createLogger({ level: 'silent' }) });
    const limit = (tenantId: TenantId) =>
      setTenantLimits({ database: db.database, limits: quotas.limits }, operator, tenantId, undefined, {
        documents: 0,
      });
    const inserts = async () => {
      const codes: Record<string, unknown> = {};
      for (const role of ['tessera_tenant', 'tessera_admin', 'tessera_operator']) {
        const client = await db.database.pool.connect();
        try {
          await client.query(`begin; set local role ${role}; set local tessera.tenant_id = 'alpha'`);
          codes[role] = (await client.query(`insert into tessera.tenants (id) values ('alpha')`)).rowCount;
        } catch (error) {
          codes[role] = (error as { code: string }).code;
        } finally {
          await client.query('rollback');
          client.release();
        }
      }
      return codes;
    };
    const all = (code: unknown) => ({
      tessera_tenant: code,
      tessera_admin: code,
      tessera_operator: code,
    });
    await deleteTenant(db, operator, alpha);
    await expect(limit(alpha)).rejects.toMatchObject({
      code: 'TENANT_DELETED',
      message: expect.stringMatching(/alpha was deleted/),
    });
    await eraseTenants(db.worker);
    await expect(limit(alpha)).rejects.toMatchObject({ code: 'TENANT_DELETED' });
    expect(await inserts()).toEqual(all('42501'));
    expect((await db.owner.query(`select id from tenants`)).rows).toEqual([{ id: 'beta' }]);
    expect(await codeOf(readInFlight(db.database, scopes.reader(), [select]))).toBe('TENANT_DELETED');
    expect(await limit(beta)).toMatchObject({ limits: { documents: 0 } });
    await createTenant(db, operator, alpha, 'anew');
    expect(await limit(alpha)).toMatchObject({ limits: { documents: 0 } });
    await db.owner.query(`delete from tenants where id = 'alpha'`);
    expect(await inserts(), 'the deletion was lifted').toEqual(all(1));
  });

  test('stays refused where a row says that it is active', async () => {
    await deleteTenant(db, operator, alpha);
    await eraseTenants(db.worker);
    await db.owner.query(`insert into tenants (id) values ('alpha')`);
    for (const scope of Object.values(scopes))
      expect(await codeOf(readInFlight(db.database, scope(), [statement('select 1')]))).toBe('TENANT_DELETED');
    await db.owner.query('update tenant_deletions set lifted_at = now()');
    for (const scope of Object.values(scopes))
      expect(await codeOf(readInFlight(db.database, scope(), [statement('select 1')]))).toBe('done');
  });

  test('cannot be suspended, resumed, renamed or created, and is deleted once however often that is asked for', async () => {
    const { id } = await deleteTenant(db, operator, alpha);
    for (const act of [
      suspendTenant,
      resumeTenant,
      (...args: Parameters<typeof resumeTenant>) => renameTenant(...args, 'x'),
    ])
      await expect(act(db, operator, alpha)).rejects.toMatchObject({ code: 'TENANT_BEING_DELETED' });
    await expect(createTenant(db, operator, alpha, '')).rejects.toMatchObject({ code: 'TENANT_EXISTS' });
    expect((await deleteTenant(db, operator, alpha)).id).toBe(id);
    await eraseTenants(db.worker);
    await expect(deleteTenant(db, operator, alpha)).rejects.toMatchObject({ code: 'TENANT_NOT_FOUND' });
    await createTenant(db, operator, alpha, '');
    expect((await deleteTenant(db, operator, alpha)).id).not.toBe(id);
  });

  test('is erased by the worker alone: no other role may call what erases', async () => {
    await deleteTenant(db, operator, alpha);
    for (const scope of [
      operatorScope,
      ...['tessera_tenant', 'tessera_reader', 'tessera_admin'].map((role) => ({ role }) as never),
    ])
      expect(await tryInScope(db.database, scope, `select erase_tenant('alpha', 10)`)).toEqual({ code: '42501' });
    expect(await tryInScope(db.worker, workerScope(), `select erase_tenant('beta', 10) as step`)).toMatchObject({
      rows: [{ step: '(busy,0)' }],
    });
  });
});

describe('a table that is added without what the lifecycle needs', () => {
  test('is found by the search for holes, and mended by one call', async () => {
    await db.whatIf(async (superuser) => {
      await superuser.query(`create table later (tenant_id text primary key references tenants (id));
        alter table later enable row level security; alter table later force row level security`);
      const faults = async () => (await readAccessFaults(superuser)).map(({ fault }) => fault);
      expect(await faults()).toContain('later: the lifecycle of tenants does not know it');
      await superuser.query('select tessera.guard_tenant_tables()');
      expect(await faults()).toEqual([]);
    });
  });
});

describeServer('a deletion that is interrupted', () => {
  let owner: Database;
  beforeAll(async () => {
    owner = await openPool({ url: db.urls.owner, size: 3, statementTimeoutMs: 20_000, onIdleError: () => {} });
  });
  afterAll(() => owner.close());

  test('goes on where it was: a worker that is killed in the middle of any step loses that step alone', async () => {
    await db.owner.query('delete from tenants; delete from models');
    await seedTenant(db.owner, 'alpha', 40);
    const before = await rowsOf(alpha);
    const { id } = await deleteTenant(db, operator, alpha);
    let state = 'erasing';
    let kills = 0;
    for (let step = 0; state !== 'done'; step++) {
      expect(step).toBeLessThan(100);
      const soFar = await readDeletion(db, operator, id);
      // Every other step is cut off after its rows are gone and before it commits, as by a kill.
      const doomed = transact(db.worker, workerScope(), async (execute) => {
        await execute(eraseTenantStatement(alpha, 7));
        const [backend] = await execute(statement<{ pid: number }>('select pg_backend_pid() as pid'));
        await db.owner.query('select pg_terminate_backend($1)', [backend?.pid]);
        await execute(statement('select pg_sleep(5)'));
      });
      expect(await codeOf(doomed)).toBe('DATABASE_UNAVAILABLE');
      kills++;
      expect(await readDeletion(db, operator, id), 'nothing of the step is left').toEqual(soFar);
      const [done] = await transact(db.worker, workerScope(), (execute) => execute(eraseTenantStatement(alpha, 7)));
      state = done?.state ?? '';
      expect(done?.rows).toBeLessThanOrEqual(7);
    }
    expect(kills).toBeGreaterThan(15);
    const receipt = await readDeletion(db, operator, id);
    const erased = Object.fromEntries((receipt?.tables ?? []).map(({ table, erasedRows }) => [table, erasedRows]));
    expect(erased).toEqual({ ...before, audit_log: (before.audit_log ?? 0) + 2 });
    expect(Object.values(await rowsOf(alpha)).some((count) => count > 0)).toBe(false);
  }, 60_000);

  test('takes fewer rows at a time where so many take longer than a statement may', async () => {
    await db.owner.query('delete from tenants; delete from models');
    await seedTenant(db.owner, 'alpha', 60);
    await db.owner.query(`create function slowly() returns trigger language plpgsql as $$
        begin perform pg_sleep(0.01); return old; end $$;
      create trigger slowly before delete on documents for each row execute function slowly()`);
    // Sixty documents take 600 ms, and eight of them 80.
    const hasty = await openPool({ url: db.urls.worker, size: 1, statementTimeoutMs: 400, onIdleError: () => {} });
    const { id } = await deleteTenant(db, operator, alpha);
    try {
      await eraseTenants(hasty);
    } finally {
      await hasty.close();
      await db.owner.query('drop trigger slowly on documents; drop function slowly()');
    }
    const { status, tables } = (await readDeletion(db, operator, id)) ?? {};
    expect(status).toBe('finished');
    expect(tables).toContainEqual({ table: 'documents', erasedRows: 60, remainingRows: 0 });
  });

  test('is one worker’s at a time: a second passes it by', async () => {
    await deleteTenant(db, operator, alpha);
    await transact(db.worker, workerScope(), async (execute) => {
      await execute(eraseTenantStatement(alpha, 1));
      const steps: ErasureStep[] = [];
      await eraseTenants(db.worker, undefined, (step) => steps.push(step));
      expect(steps).toEqual([{ tenantId: 'alpha', state: 'busy', rows: 0 }]);
    });
    await eraseTenants(db.worker);
    expect((await readDeletions(db, operator, alpha))[0]?.status).toBe('finished');
  });

  test('waits for a write that was under way, and erases what it wrote', async () => {
    const writing = Promise.withResolvers<void>();
    const written = transact(db.database, writerScope(principalOf('alpha')), async (execute) => {
      await execute(
        statement(`insert into documents (tenant_id, id, collection, title, body, content_hash)
          values ('alpha', gen_random_uuid(), 'late', '', '', sha256('x'))`),
      );
      await writing.promise;
    });
    const { id } = await deleteTenant(db, operator, alpha);
    const erasing = eraseTenants(db.worker);
    // It has nothing more to erase, and waits for the row of the tenant.
    await expect
      .poll(
        async () => {
          const { rows } = await db.owner.query(
            `select 1 from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock' and query like '%erase_tenant%'`,
          );
          return rows.length;
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    writing.resolve();
    await written;
    await erasing;
    const receipt = await readDeletion(db, operator, id);
    expect(receipt?.tables).toContainEqual({ table: 'documents', erasedRows: 2, remainingRows: 0 });
    expect(await rowsOf(alpha)).toMatchObject({ documents: 0 });
  });

  test('waits for the tenant’s own indexes, which the owner drops, and says which', async () => {
    const { rows } = await db.owner.query<{ id: number }>('select id from models');
    const target = { tenantId: alpha, modelId: rows[0]?.id ?? 0 };
    await db.owner.query(createGraphStatement(target).compile().sql);
    const { id } = await deleteTenant(db, operator, alpha);
    await eraseTenants(db.worker);
    expect(await readDeletion(db, operator, id)).toMatchObject({
      status: 'erasing',
      finishedAt: null,
      indexesToDrop: [graphIndexName(target)],
    });
    expect(Object.entries(await rowsOf(alpha)).filter(([, count]) => count > 0)).toEqual([['tenants', 1]]);
    expect((await reviewTiers(owner)).changes).toMatchObject([{ step: 'drop', index: graphIndexName(target) }]);
    await eraseTenants(db.worker);
    expect(await readDeletion(db, operator, id)).toMatchObject({ status: 'finished', indexesToDrop: [] });
  });
});
