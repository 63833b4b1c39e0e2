import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, readInFlight } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { tenantScope } from '../../src/db/scope.ts';
import { readAsTenant, writeAsTenant } from '../../src/db/tenant.ts';
import { Refusal } from '../../src/errors.ts';
import { openCuttingProxy } from '../support/cutting-proxy.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openDelayProxy } from '../support/delay-proxy.ts';
import { principalOf } from '../support/principal.ts';
import { statement } from '../support/statement.ts';

const alpha = principalOf('alpha');
let db: TestDatabase;

beforeAll(async () => {
  db = await openTestDatabase();
  await db.owner.query(`insert into tenants (id) values ('alpha'), ('beta')`);
});
afterAll(() => db.close());

const insertStatement = (externalId: string) =>
  statement(
    `insert into documents (tenant_id, id, collection, external_id, title, body, content_hash)
     values ('alpha', gen_random_uuid(), 'notes', $1, 'title', 'body', sha256('x'))`,
    [externalId],
  );

async function storedIds(): Promise<string[]> {
  const { rows } = await db.owner.query<{ id: string }>('select external_id as id from documents order by 1');
  return rows.map(({ id }) => id);
}

const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Refusal ? error.code : error),
  );

describe('writeAsTenant', () => {
  test('commits everything when the work resolves, and gives its result', async () => {
    const result = await writeAsTenant(db.database, alpha, async (execute) => {
      await execute(insertStatement('committed-1'));
      await execute(insertStatement('committed-2'));
      return 'done';
    });
    expect(result).toBe('done');
    expect(await storedIds()).toEqual(expect.arrayContaining(['committed-1', 'committed-2']));
  });

  test('keeps nothing when the work throws after its writes', async () => {
    const fault = new Error('half-way');
    const writing = writeAsTenant(db.database, alpha, async (execute) => {
      await execute(insertStatement('abandoned'));
      throw fault;
    });
    await expect(writing).rejects.toBe(fault);
    expect(await storedIds()).not.toContain('abandoned');
  });

  test('keeps nothing when a later statement fails', async () => {
    const writing = writeAsTenant(db.database, alpha, async (execute) => {
      await execute(insertStatement('first'));
      await execute(insertStatement('first'));
    });
    await expect(writing).rejects.toMatchObject({ code: '23505' });
    expect(await storedIds()).not.toContain('first');
  });

  test('does not report success when the work swallowed a failure, for nothing was kept then', async () => {
    const writing = writeAsTenant(db.database, alpha, async (execute) => {
      await execute(insertStatement('swallowed'));
      await execute(insertStatement('swallowed')).catch(() => {});
    });
    await expect(writing).rejects.toThrow(/rolled back/);
    expect(await storedIds()).not.toContain('swallowed');
  });

  test('keeps nothing of an open transaction whose scope cannot be opened', async () => {
    const writing = writeAsTenant(db.database, { ...alpha, subject: 'a\0b' }, (execute) =>
      execute(insertStatement('nul')),
    );
    await expect(writing).rejects.toThrow(TypeError);
    expect(await storedIds()).not.toContain('nul');
    await expect(readAsTenant(db.database, alpha, statement('select 1 as one'))).resolves.toEqual([{ one: 1 }]);
  });
});

describe('readAsTenant', () => {
  test('gives the rows of its statement', async () => {
    const rows = await readAsTenant(db.database, alpha, statement('select $1::int + 1 as sum', [41]));
    expect(rows).toEqual([{ sum: 42 }]);
  });

  test('cannot write', async () => {
    await expect(readAsTenant(db.database, alpha, insertStatement('read-only'))).rejects.toMatchObject({
      code: '25006',
    });
    await writeAsTenant(db.database, alpha, (execute) => execute(insertStatement('writable')));
    expect(await storedIds()).toContain('writable');
    expect(await storedIds()).not.toContain('read-only');
  });

  test('applies the settings that it is given, in its transaction only', async () => {
    const setting = statement<{ ef: string }>(
      `select current_setting('hnsw.ef_search') as ef, '[1]'::vector is not null as loaded`,
    );
    const database = db.kind === 'server' ? await open(db.urls.gateway, 1) : db.database;
    await readAsTenant(database, alpha, statement('select 1'), { 'hnsw.ef_search': 77 });
    expect(await readAsTenant(database, alpha, setting, { 'hnsw.ef_search': 123 })).toMatchObject([{ ef: '123' }]);
    expect(await readAsTenant(database, alpha, setting)).toMatchObject([{ ef: '40' }]);
  });

  test('answers a statement that fails with the fault of that statement', async () => {
    await expect(readAsTenant(db.database, alpha, statement('select 1 / 0'))).rejects.toMatchObject({ code: '22012' });
  });
});

describe('readInFlight', () => {
  test('answers several statements in order, from one snapshot of the scope', async () => {
    const [first, second] = await readInFlight(db.database, tenantScope(alpha), [
      statement<{ n: number }>('select 1 as n'),
      statement<{ m: string }>(`select current_setting('tessera.tenant_id') as m`),
    ]);
    expect([first, second]).toEqual([[{ n: 1 }], [{ m: 'alpha' }]]);
  });

  test('gives nothing when one of its statements fails', async () => {
    const reading = readInFlight(db.database, tenantScope(alpha), [statement('select 1'), statement('select 1 / 0')]);
    await expect(reading).rejects.toMatchObject({ code: '22012' });
  });
});

describe('a flight that goes wrong on the way out', () => {
  const unsendable = statement('select $1::text', [
    {
      toPostgres: () => {
        throw new Error('cannot be written');
      },
    },
  ]);

  test.each([
    ['a parameter that cannot be written', unsendable, /cannot be written/],
    ['a parameter with a NUL character', statement('select $1::text', ['a\0b']), /invalid byte sequence/],
    ['a parameter too many', statement('select $1::text', ['a', 'b']), /parameters/],
    ['two statements in one', statement('select 1; select $1::text', ['a']), /multiple commands/],
    ['no statement', statement('select $1::nothing', ['a']), /does not exist/],
  ])('answers nobody else’s question: %s', async (_, bad, message) => {
    const database = db.kind === 'server' ? await open(db.urls.gateway, 1) : db.database;
    const ask = (n: number) => statement<{ n: number }>('select $1::int as n', [n]);
    await expect(readInFlight(database, tenantScope(alpha), [ask(1), bad, ask(2)])).rejects.toThrow(message);
    for (let n = 3; n < 6; n++) {
      expect(await readInFlight(database, tenantScope(alpha), [ask(n), ask(-n)])).toEqual([[{ n }], [{ n: -n }]]);
    }
    if (database !== db.database) await database.close();
  });
});

test('many at once on few connections get the answers to their own questions, in their own tenant', async () => {
  const ask = (n: number) =>
    statement<{ n: number; tenant: string }>(`select $1::int as n, current_setting('tessera.tenant_id') as tenant`, [
      n,
    ]);
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, n) => {
      const principal = n % 2 === 0 ? alpha : principalOf('beta');
      const asked = n % 7 === 0 ? [ask(n), statement('select 1 / 0')] : [ask(n)];
      const answer = await readInFlight(db.database, tenantScope(principal), asked).catch(() => 'failed');
      return n % 7 === 0
        ? answer === 'failed'
        : JSON.stringify(answer) === JSON.stringify([[{ n, tenant: principal.tenantId }]]);
    }),
  );
  expect(answers.filter((right) => !right)).toEqual([]);
});

describeServer('a slow link', () => {
  test('a read is one round trip, and a write one for each thing awaited', async () => {
    const link = await openDelayProxy(db.urls.gateway, 20);
    const slow = await open(link.url);
    try {
      const one = statement('select 1 as one');
      await readAsTenant(slow, alpha, one);
      link.takeRoundTrips();
      const times: number[] = [];
      for (let run = 0; run < 8; run++) {
        const start = performance.now();
        await readAsTenant(slow, alpha, one);
        times.push(performance.now() - start);
      }
      expect(link.takeRoundTrips()).toBe(8);
      expect(Math.min(...times)).toBeLessThan(1.3 * link.roundTripMs);
      expect(Math.min(...times)).toBeGreaterThanOrEqual(0.95 * link.roundTripMs);

      await writeAsTenant(slow, alpha, (execute) => execute(one));
      expect(link.takeRoundTrips()).toBe(3);
    } finally {
      await slow.close();
      await link.close();
    }
  });

  test('reads at the same time, each on a connection of its own, do not wait for each other', async () => {
    const link = await openDelayProxy(db.urls.gateway, 20);
    const slow = await open(link.url, 4);
    try {
      const sleep = statement('select pg_sleep(0.1)');
      await Promise.all([1, 2, 3, 4].map(() => readAsTenant(slow, alpha, sleep)));
      const start = performance.now();
      await Promise.all([1, 2, 3, 4].map(() => readAsTenant(slow, alpha, sleep)));
      expect(performance.now() - start).toBeLessThan(300);
    } finally {
      await slow.close();
      await link.close();
    }
  });
});

describeServer('a database that fails', () => {
  test('a killed backend refuses the read, and the next one is answered', async () => {
    const reading = refused(readAsTenant(db.database, alpha, statement('select pg_sleep(20)')));
    await killWhen(`query like '%pg_sleep(20)%'`);
    expect(await reading).toBe('DATABASE_UNAVAILABLE');
    await recovers(db.database);
  });

  test('a backend that is killed between two statements refuses the write, keeps nothing, and the pool recovers', async () => {
    const writing = refused(
      writeAsTenant(db.database, alpha, async (execute) => {
        await execute(insertStatement('killed'));
        await killWhen(`state = 'idle in transaction'`);
        await new Promise((resolve) => setTimeout(resolve, 50));
        await execute(insertStatement('killed-too'));
      }),
    );
    expect(await writing).toBe('DATABASE_UNAVAILABLE');
    expect(await storedIds()).not.toContain('killed');
    await recovers(db.database);
  });

  test('a connection that is lost before the commit is answered leaves the outcome open: here it was done', async () => {
    const link = await openCuttingProxy(db.urls.gateway, 'commit');
    const database = await open(link.url, 1);
    const write = (id: string) => writeAsTenant(database, alpha, (execute) => execute(insertStatement(id)));
    expect(await refused(write('unheard'))).toBe('OUTCOME_UNKNOWN');
    await expect.poll(storedIds).toContain('unheard');
    await database.close();
    await link.close();
  });

  test('a backend that is killed during a write refuses it', async () => {
    const writing = refused(writeAsTenant(db.database, alpha, (execute) => execute(statement('select pg_sleep(21)'))));
    await killWhen(`query like '%pg_sleep(21)%'`);
    expect(await writing).toBe('DATABASE_UNAVAILABLE');
    await recovers(db.database);
  });

  test('backends that are killed while nobody uses them are replaced', async () => {
    const failures: Error[] = [];
    const database = await open(db.urls.gateway, 2, (error) => failures.push(error));
    await Promise.all([1, 2].map(() => readAsTenant(database, alpha, statement('select pg_sleep(0.05)'))));
    await killWhen(`application_name = 'tessera' and state = 'idle'`);
    await expect.poll(() => failures.length).toBeGreaterThan(0);
    await recovers(database);
    await database.close();
  });

  test('a statement that takes too long is a timeout, and its connection is used again', async () => {
    const database = await open(db.urls.gateway, 1, undefined, 100);
    const pid = statement<{ pid: number }>('select pg_backend_pid() as pid');
    const before = await readAsTenant(database, alpha, pid);
    expect(await refused(readAsTenant(database, alpha, statement('select pg_sleep(5)')))).toBe('STATEMENT_TIMEOUT');
    expect(await refused(writeAsTenant(database, alpha, (execute) => execute(statement('select pg_sleep(5)'))))).toBe(
      'STATEMENT_TIMEOUT',
    );
    expect(await readAsTenant(database, alpha, pid)).toEqual(before);
    await database.close();
  });

  test('nobody at the port is an unavailable database', async () => {
    const database = await open('postgres://tessera_gateway:x@127.0.0.1:1/tessera');
    expect(await refused(readAsTenant(database, alpha, statement('select 1')))).toBe('DATABASE_UNAVAILABLE');
    expect(await refused(writeAsTenant(database, alpha, async () => {}))).toBe('DATABASE_UNAVAILABLE');
    await database.close();
  });

  test('a host name that nobody knows is an unavailable database', async () => {
    const database = await open('postgres://tessera_gateway:x@nowhere.invalid:5432/tessera');
    expect(await refused(readAsTenant(database, alpha, statement('select 1')))).toBe('DATABASE_UNAVAILABLE');
    await database.close();
  });

  test('waiting in vain, for an answer or for a free connection, is an unavailable database', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const mute = await open(`postgres://tessera_gateway:x@127.0.0.1:${port}/tessera`);
    const full = await open(db.urls.gateway, 1);
    const holder = await full.pool.connect();
    const answers = await Promise.all(
      [mute, full].map((database) => refused(readAsTenant(database, alpha, statement('select 1')))),
    );
    expect(answers).toEqual(['DATABASE_UNAVAILABLE', 'DATABASE_UNAVAILABLE']);
    holder.release();
    await recovers(full);
    await Promise.all([mute.close(), full.close()]);
    silent.close();
  });

  test('a refusal keeps what the driver said as its cause', async () => {
    const database = await open('postgres://tessera_gateway:x@127.0.0.1:1/tessera');
    const failure = await readAsTenant(database, alpha, statement('select 1')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect((failure as Error).message).not.toContain('127.0.0.1');
    await database.close();
  });
});

function open(
  url: string,
  size = 2,
  onIdleError: (error: Error) => void = () => {},
  statementTimeoutMs = 30_000,
): Promise<Database> {
  return openPool({ url, size, statementTimeoutMs, onIdleError });
}

/** Kills the backends of this database's gateway that a condition on pg_stat_activity names, once there is one. */
async function killWhen(condition: string): Promise<void> {
  await expect
    .poll(async () => {
      const { rowCount } = await db.owner.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = 'tessera_gateway' and ${condition}`,
      );
      return rowCount;
    })
    .toBeGreaterThan(0);
}

async function recovers(database: Database): Promise<void> {
  await expect.poll(() => refused(readAsTenant(database, alpha, statement('select 1')))).toBe('resolved');
}
