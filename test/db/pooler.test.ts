import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Database, readInFlight, type Statement, transact } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import type { Query } from '../../src/db/query.ts';
import { scopeStatement, tenantScope, writerScope } from '../../src/db/scope.ts';
import { shareFlights } from '../../src/db/share-flights.ts';
import { newApiKeyId } from '../../src/ids.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { describePooled, openPooler, type Pooler } from '../support/pgbouncer.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const alpha = {
  ...principalOf('alpha', { scopes: ['search', 'documents:read', 'documents:write'] }),
  requestId: 'request',
  tokenId: 'token',
  keyId: newApiKeyId(),
};
const beta = principalOf('beta');
const settings = { 'hnsw.ef_search': 77, 'hnsw.max_scan_tuples': 7_777 } as const;

/** What a connection has outside of any scope: whatever the user before it left. */
const stateQuery = `select current_user::text as role, nullif(current_setting('tessera.tenant_id', true), '') as tenant,
  nullif(current_setting('tessera.subject', true), '') as subject, nullif(current_setting('tessera.groups', true), '') as groups,
  nullif(current_setting('tessera.request_id', true), '') as request, nullif(current_setting('tessera.key_id', true), '') as key,
  nullif(current_setting('tessera.token_id', true), '') as token, current_setting('random_page_cost') as page_cost,
  (select setting <> reset_val from pg_settings where name = 'jit') as jit_changed,
  nullif(nullif(current_setting('hnsw.iterative_scan', true), ''), 'off') as iterative_scan,
  nullif(nullif(current_setting('hnsw.max_scan_tuples', true), ''), '20000') as scan_tuples,
  current_setting('search_path') as path, current_setting('statement_timeout') as timeout,
  current_setting('plan_cache_mode') as plans, nullif(nullif(current_setting('hnsw.ef_search', true), ''), '40') as ef,
  current_setting('transaction_read_only') as read_only, (select count(*)::int from pg_prepared_statements) as prepared,
  (select count(*)::int from pg_listening_channels()) as listening`;
const untouched = {
  role: 'tessera_gateway',
  tenant: null,
  subject: null,
  groups: null,
  request: null,
  key: null,
  token: null,
  page_cost: '4',
  jit_changed: false,
  iterative_scan: null,
  scan_tuples: null,
  path: '"$user", public',
  timeout: '0',
  plans: 'auto',
  ef: null,
  read_only: 'off',
  prepared: 0,
  listening: 0,
};

const sleeping = statement('select pg_catalog.pg_sleep(30)');
const failing = statement('select 1 / 0 as x');
const whoami = statement<{ tenant: string; ef: string }>(
  `select tessera.current_tenant() as tenant, coalesce(nullif(current_setting('hnsw.ef_search', true), ''), '40') as ef`,
);

let db: TestDatabase;
let pooler: Pooler;

describePooled('a connection that others use after', () => {
  beforeAll(async () => {
    db = await openTestDatabase();
    // One connection to the server: everybody gets it in turn.
    pooler = await openPooler({ connections: 1 });
  });
  afterAll(async () => {
    await pooler.close();
    await db.close();
  });

  const ways: [string, () => string][] = [
    ['directly', () => db.urls.gateway],
    ['through PgBouncer', () => pooler.through(db.urls.gateway)],
  ];

  describe.each(ways)('%s', (way, url) => {
    const isPooled = way !== 'directly';
    let database: Database;
    beforeAll(async () => {
      database = await openPool({
        url: url(),
        size: 1,
        statementTimeoutMs: 20_000,
        prepare: false,
        onIdleError: () => {},
      });
    });
    afterAll(() => database.close());

    /** State and number of the server's process that serves the next user: of the same pool, or of PgBouncer. */
    async function nextUser(): Promise<{ state: Record<string, unknown>; pid: number }> {
      const next = isPooled ? new pg.Pool({ connectionString: url(), max: 1 }) : database.pool;
      try {
        const { rows } = await next.query(`${stateQuery}, pg_backend_pid() as pid`);
        const { pid, ...state } = rows[0];
        return { state, pid };
      } finally {
        if (isPooled) await next.end();
      }
    }

    /** Waits until a statement of the login runs, and gives its process. */
    const running = () =>
      vi.waitFor(
        async () => {
          const { rows } = await db.owner.query<{ pid: number }>(
            `select pid from pg_stat_activity where datname = current_database() and usename = 'tessera_gateway'
             and state = 'active' and wait_event = 'PgSleep'`,
          );
          expect(rows).toHaveLength(1);
          return rows[0]!.pid;
        },
        { timeout: 10_000, interval: 5 },
      );

    test('what is left on it is seen by its next user, were it not undone: the test would notice', async () => {
      const client = new pg.Client({ connectionString: url() });
      const one = isPooled ? client : await database.pool.connect();
      if (isPooled) await client.connect();
      try {
        await one.query(
          `set tessera.tenant_id = 'alpha'; set tessera.key_id = 'k'; set random_page_cost = 1.1; set jit = off;
           set hnsw.iterative_scan = relaxed_order; set statement_timeout = 4321; prepare leftover as select 1`,
        );
        const own = isPooled ? undefined : (await one.query(stateQuery)).rows[0];
        const seen = own ?? (await nextUser()).state;
        expect(seen).toMatchObject({ tenant: 'alpha', timeout: '4321ms', prepared: 1 });
        expect(seen).toMatchObject({ key: 'k', page_cost: '1.1', jit_changed: true, iterative_scan: 'relaxed_order' });
      } finally {
        await one.query('discard all');
        if (isPooled) await client.end();
        else (one as pg.PoolClient).release();
      }
      expect((await nextUser()).state).toEqual(untouched);
    });

    test('every setting that a scope has is among what is looked at', () => {
      const scopes = [tenantScope(alpha, settings), writerScope(alpha)];
      const opening = scopes.map((scope) => scopeStatement(scope, database.scopeDefaults)).join('; ');
      const names = new Set([...opening.matchAll(/set local ([\w.]+) =/g)].map(([, name]) => name));
      expect(names.size).toBe(14);
      for (const name of names) expect(stateQuery).toContain(`'${name}'`);
    });

    test('a read has its tenant and settings, and leaves none', async () => {
      const [rows] = await readInFlight(database, tenantScope(alpha, settings), [whoami]);
      expect(rows).toEqual([{ tenant: 'alpha', ef: '77' }]);
      expect((await nextUser()).state).toEqual(untouched);
    });

    test('an error inside the scope leaves nothing, on the very same connection', async () => {
      const { pid } = await nextUser();
      await expect(readInFlight(database, tenantScope(alpha, settings), [whoami, failing])).rejects.toThrow('division');
      await expect(
        transact(database, writerScope(alpha), async (execute) => {
          await execute(whoami);
          await execute(failing);
        }),
      ).rejects.toThrow('division');
      await expect(
        transact(database, writerScope(alpha), async () => {
          throw new Error('of the work');
        }),
      ).rejects.toThrow('of the work');
      expect(await nextUser()).toEqual({ state: untouched, pid });
    });

    test('a statement that runs out of time leaves nothing', async () => {
      const hasty = { ...database, scopeDefaults: { ...database.scopeDefaults, statementTimeoutMs: 50 } };
      await expect(readInFlight(hasty, tenantScope(alpha, settings), [sleeping])).rejects.toMatchObject({
        code: 'STATEMENT_TIMEOUT',
      });
      expect((await nextUser()).state).toEqual(untouched);
    });

    test.each([
      ['read', (on: Database) => readInFlight(on, tenantScope(alpha, settings), [whoami, sleeping])],
      ['write', (on: Database) => transact(on, writerScope(alpha), (execute) => execute(sleeping))],
    ])('a %s that is given up is cancelled, and only it', async (_, send) => {
      const abort = new AbortController();
      const startMs = performance.now();
      const given = send(shareFlights(database, abort.signal)).catch((error: unknown) => error);
      await running();
      abort.abort(new Error('given up'));
      expect(await given).toMatchObject({ message: 'given up' });
      expect((await nextUser()).state).toEqual(untouched);
      expect(performance.now() - startMs, 'long before the statement would have ended').toBeLessThan(15_000);
      const [rows] = await readInFlight(database, tenantScope(beta), [whoami]);
      expect(rows).toEqual([{ tenant: 'beta', ef: '40' }]);
    });

    test('a backend that is killed costs its own request, and the next gets another', async () => {
      const killed = readInFlight(database, tenantScope(alpha, settings), [sleeping]).catch((error: unknown) => error);
      const pid = await running();
      await db.owner.query('select pg_terminate_backend($1)', [pid]);
      expect(await killed).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      const next = await nextUser();
      expect(next.state).toEqual(untouched);
      expect(next.pid).not.toBe(pid);
      const [rows] = await readInFlight(database, tenantScope(beta), [whoami]);
      expect(rows).toEqual([{ tenant: 'beta', ef: '40' }]);
    });

    test('a process that goes away in the middle of a scope takes it along', async () => {
      const client = new pg.Client({ connectionString: url() });
      client.on('error', () => {});
      await client.connect();
      await client.query(`begin; ${scopeStatement(writerScope(alpha), database.scopeDefaults)}`);
      expect((await client.query(stateQuery)).rows[0]).toMatchObject({ tenant: 'alpha', role: 'tessera_tenant' });
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect((await nextUser()).state).toEqual(untouched);
    });

    test('tenants that take turns on it never see each other’s scope', async () => {
      const asked = Array.from({ length: 60 }, async (_, index) => {
        const principal = index % 2 ? alpha : beta;
        const [rows] = await readInFlight(database, tenantScope(principal), [whoami]);
        expect(rows).toEqual([{ tenant: principal.tenantId, ef: '40' }]);
      });
      await Promise.all(asked);
    });
  });
});

describePooled('prepared statements behind PgBouncer', () => {
  let shared: TestDatabase;
  let two: Pooler;
  beforeAll(async () => {
    shared = await openTestDatabase();
    two = await openPooler({ connections: 2 });
  });
  afterAll(async () => {
    await two.close();
    await shared.close();
  });

  const named = (x: number): Statement<{ x: number }> => {
    const query = {
      ...statement<{ x: number }>(`select ${x} as x, pg_sleep(0.002)`).compile(),
      name: `s${x}`,
    } as Query<{
      x: number;
    }>;
    return { compile: () => query };
  };

  async function open(prepare: boolean) {
    let lost = 0;
    const database = await openPool({
      url: two.through(shared.urls.gateway),
      size: 6,
      statementTimeoutMs: 20_000,
      prepare,
      onPreparedLost: () => lost++,
      onIdleError: () => {},
    });
    const ask = async () => {
      const asked = Array.from({ length: 200 }, async (_, index) => {
        const [rows] = await readInFlight(database, tenantScope(alpha), [named(index % 5)]);
        expect(rows).toMatchObject([{ x: index % 5 }]);
      });
      await Promise.all(asked);
    };
    return { database, ask, lost: () => lost };
  }

  test('are not kept where DATABASE_PREPARE is off', async () => {
    const { database, ask, lost } = await open(false);
    await ask();
    expect(lost()).toBe(0);
    expect((await database.pool.query('select name from pg_prepared_statements')).rows).toEqual([]);
    await database.close();
  });

  test('that are lost or collide fail no request: none are kept from then on, and that is told once', async () => {
    const { database, ask, lost } = await open(true);
    await ask();
    await ask();
    expect([lost(), database.preparing.isOn]).toEqual([1, false]);
    await database.close();
  });
});
