import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer } from '../../src/db/check-server.ts';
import type { Database } from '../../src/db/database.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';

describeServer('before it serves, the gateway', () => {
  let db: TestDatabase;
  const made: string[] = [];
  const pools: Database[] = [];

  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    for (const role of made) await db.owner.query(`drop owned by ${role}; drop role ${role}`);
    await db.close();
  });

  async function open(url: string): Promise<Database> {
    const pool = await openPool({ url, size: 1, statementTimeoutMs: 20_000, onIdleError: () => {} });
    pools.push(pool);
    return pool;
  }

  /** Roles belong to the server, so each is made for this test alone. */
  async function openAs(attributes: string, grants = ''): Promise<Database> {
    const role = `check_${randomBytes(4).toString('hex')}`;
    made.push(role);
    await db.owner.query(`create role ${role} login password 'x' ${attributes}`);
    await db.owner.query(`grant tessera_reader, tessera_tenant, tessera_operator to ${role} ${grants}`);
    const url = new URL(db.urls.gateway);
    [url.username, url.password] = [role, 'x'];
    return open(url.href);
  }

  const refusal = (database: Database) =>
    checkServer(database, 'tessera_operator').then(
      () => 'served',
      (error: Error) => error.message,
    );

  test('accepts the login that migrations made, one like it, and the worker’s', async () => {
    expect(await refusal(db.database)).toBe('served');
    expect(await refusal(await openAs('noinherit', 'with inherit false'))).toBe('served');
    await expect(checkServer(db.worker, 'tessera_worker')).resolves.toBeDefined();
  });

  test('refuses a superuser, and names the remedy', async () => {
    expect(await refusal(await open(db.urls.superuser))).toMatch(
      /is a superuser, whom no policy holds\. Connect as the login that "tessera migrate" created/,
    );
  });

  test('refuses the owner of the schema and whoever may become it, but lets it build indexes', async () => {
    const owner = await open(db.urls.owner);
    expect(await refusal(owner)).toContain('the login tessera_owner owns tables of the schema');
    await expect(checkServer(owner, 'tessera_operator', 'owner')).resolves.toBeDefined();
    const member = await openAs('noinherit', 'with inherit false');
    await db.owner.query(`grant tessera_owner to ${made.at(-1)} with inherit false`);
    expect(await refusal(member)).toContain('is a member of tessera_owner, who owns tables of the schema');
  });

  test('refuses a login with BYPASSRLS, and one that inherits its roles', async () => {
    expect(await refusal(await openAs('noinherit bypassrls', 'with inherit false'))).toMatch(
      /has BYPASSRLS.* "alter role check_\w+ nobypassrls"/,
    );
    expect(await refusal(await openAs('inherit', 'with inherit true'))).toMatch(
      /inherits tessera_operator, tessera_reader, tessera_tenant, so it is answered outside a scope\. .*noinherit/,
    );
  });

  test.each([
    [
      'alter table tessera.documents no force row level security',
      'alter table tessera.documents force row level security',
      'documents: row-level security is not forced. Run "alter table tessera.documents force row level security"',
    ],
    [
      'alter table tessera.chunks disable row level security',
      'alter table tessera.chunks enable row level security',
      'chunks: row-level security is off. Run "alter table tessera.chunks enable row level security"',
    ],
    [
      'alter policy reader_reads on tessera.documents rename to was; alter policy was on tessera.documents to tessera_keyword',
      'alter policy was on tessera.documents to tessera_reader; alter policy was on tessera.documents rename to reader_reads',
      'documents: select is granted to tessera_reader and has no policy. Create the policies of tessera.documents again',
    ],
    [
      'alter policy reader_reads on tessera.chunks using (tenant_id = tessera.current_tenant())',
      'alter policy reader_reads on tessera.chunks using (tenant_id = tessera.current_tenant() and (audience = 0 or audience in (select tessera.permitted_audiences())))',
      'chunks: policy reader_reads lets tessera_reader select whatever the access list. Drop the policy',
    ],
  ])('refuses after %s', async (harm, mend, message) => {
    await db.owner.query(harm);
    try {
      expect(await refusal(db.database)).toContain(message);
    } finally {
      await db.owner.query(mend);
    }
    expect(await refusal(db.database)).toBe('served');
  });

  test('refuses a database that gives every connection a tenant or a role', async () => {
    const { rows } = await db.owner.query<{ name: string }>('select current_database() as name');
    const inDatabase = `alter role tessera_gateway in database ${rows[0]?.name}`;
    for (const [setting, message] of [
      [`tessera.tenant_id = 'acme'`, 'every connection has a tenant before a scope gives it one'],
      ['role = tessera_operator', 'the connection still works as tessera_operator'],
    ] as const) {
      await db.owner.query(`${inDatabase} set ${setting}`);
      expect(await refusal(await open(db.urls.gateway)), setting).toContain(message);
      await db.owner.query(`${inDatabase} reset all`);
    }
    expect(await refusal(await open(db.urls.gateway))).toBe('served');
  });

  test('refuses a connection on which settings outlive their transaction', async () => {
    // As a pooler does that rewrites `set local`, or that commits each statement by itself.
    const { pool, ...rest } = db.database;
    const leaky = {
      ...rest,
      pool: {
        query: pool.query.bind(pool),
        connect: async () => {
          const client = await pool.connect();
          return {
            query: (text: string, values?: unknown[]) => client.query(text.replaceAll('set local', 'set'), values),
            release: () => client.release(true),
          };
        },
      } as unknown as Database['pool'],
    };
    expect(await refusal(leaky)).toContain('a scope outlives its transaction: after "commit"');
  });
});
