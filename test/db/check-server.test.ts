import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer } from '../../src/db/check-server.ts';
import type { Database } from '../../src/db/database.ts';
import type { ServingRole } from '../../src/db/login-faults.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { adminScope, scopeStatement } from '../../src/db/scope.ts';
import { describeServer, openTestDatabase, type TestDatabase } from '../support/database.ts';
import { principalOf } from '../support/principal.ts';

const gatewayRoles = [
  ...['tessera_admin', 'tessera_author', 'tessera_caller', 'tessera_gate', 'tessera_lister', 'tessera_operator'],
  ...['tessera_reader', 'tessera_sampler', 'tessera_searcher', 'tessera_tenant'],
];
const workerRoles = ['tessera_exporter', 'tessera_reader', 'tessera_tenant', 'tessera_worker'];
const everySetting = { 'hnsw.ef_search': 100, 'hnsw.max_scan_tuples': 20_000 };

describeServer('before it serves, the gateway', () => {
  let db: TestDatabase;
  const made: string[] = [];
  const pools: Database[] = [];

  beforeAll(async () => {
    db = await openTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.close()));
    for (const role of made.toReversed()) await db.owner.query(`drop owned by ${role}; drop role ${role}`);
    await db.close();
  });

  async function open(url: string): Promise<Database> {
    const pool = await openPool({ url, size: 1, statementTimeoutMs: 20_000, onIdleError: () => {} });
    pools.push(pool);
    return pool;
  }

  /** Roles belong to the server, so each is made for this test alone. */
  async function makeRole(attributes: string): Promise<string> {
    const role = `check_${randomBytes(4).toString('hex')}`;
    await db.owner.query(`create role ${role} ${attributes}`);
    made.push(role);
    return role;
  }

  /** As a login that has the roles of every gateway and, where there is one, another. */
  async function openAs(attributes: string, grants = '', another?: string): Promise<Database> {
    const role = await makeRole(`login password 'x' ${attributes}`);
    const roles = [...gatewayRoles, ...(another ? [another] : [])];
    await db.owner.query(`grant ${roles.join(', ')} to ${role} ${grants}`);
    return connectAs(role);
  }

  /** As a login that has these roles and no other. */
  async function openWith(roles: readonly string[]): Promise<Database> {
    const role = await makeRole(`login password 'x' noinherit`);
    await db.owner.query(`grant ${roles.join(', ')} to ${role} with inherit false`);
    return connectAs(role);
  }

  function connectAs(role: string): Promise<Database> {
    const url = new URL(db.urls.gateway);
    [url.username, url.password] = [role, 'x'];
    return open(url.href);
  }

  const refusal = (database: Database, role: ServingRole = 'tessera_operator') =>
    checkServer(database, role).then(
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
      /inherits tessera_admin, .*tessera_reader, .*tessera_tenant, so it is answered outside a scope\. .*noinherit/,
    );
  });

  test.each(['BYPASSRLS', 'CREATEROLE', 'REPLICATION', 'SUPERUSER'])(
    'refuses a login that may become a role with %s, itself or through others, and names what to revoke',
    async (power) => {
      const mighty = await makeRole(`nologin ${power}`);
      expect(await refusal(await openAs('noinherit', 'with inherit false', mighty))).toMatch(
        new RegExp(`may become ${mighty}, who has ${power}\\. .*"revoke ${mighty} from check_`),
      );
      const between = await makeRole('nologin noinherit');
      await db.owner.query(`grant ${mighty} to ${between} with inherit false`);
      expect(await refusal(await openAs('noinherit', 'with inherit false', between))).toMatch(
        new RegExp(`may become ${mighty}, who has ${power}\\. .*"revoke ${between} from check_`),
      );
    },
  );

  test('refuses a login with CREATEROLE or REPLICATION, and one that may reach the server’s files', async () => {
    for (const power of ['CREATEROLE', 'REPLICATION']) {
      expect(await refusal(await openAs(`noinherit ${power}`, 'with inherit false'))).toMatch(
        new RegExp(`the login check_\\w+ has ${power}, so it could .*"alter role check_\\w+ no${power.toLowerCase()}"`),
      );
    }
    expect(await refusal(await openAs('noinherit', 'with inherit false', 'pg_read_server_files'))).toContain(
      'may become pg_read_server_files, who has the server’s files',
    );
  });

  test('refuses a login that inherits any role of the schema’s, directly or through another', async () => {
    const inheriting = await openAs('noinherit', 'with inherit false');
    await db.owner.query(`grant tessera_gatekeeper to ${made.at(-1)} with inherit true`);
    expect(await refusal(inheriting)).toMatch(/inherits tessera_gatekeeper, so it is answered outside a scope/);
    const between = await makeRole('nologin inherit');
    await db.owner.query(`grant tessera_eraser to ${between} with inherit true`);
    const through = await openAs('noinherit', 'with inherit false');
    await db.owner.query(`grant ${between} to ${made.at(-1)} with inherit true`);
    expect(await refusal(through)).toMatch(/inherits tessera_eraser, so it is answered outside a scope/);
  });

  test.each([
    ['tessera_operator', 'tessera_exporter'],
    ['tessera_operator', 'tessera_worker'],
    ['tessera_operator', 'tessera_eraser'],
    ['tessera_worker', 'tessera_operator'],
    ['tessera_worker', 'tessera_gate'],
    ['tessera_worker', 'tessera_sampler'],
    ['tessera_worker', 'tessera_gatekeeper'],
  ] as const)('refuses a login for %s that may take %s, which works elsewhere', async (role, other) => {
    const own = role === 'tessera_worker' ? workerRoles : gatewayRoles;
    expect(await refusal(await openWith(own), role)).toBe('served');
    expect(await refusal(await openWith([...own, other]), role)).toMatch(
      new RegExp(`may take ${other}, which is not for it\\. .*"revoke ${other} from check_\\w+"`),
    );
  });

  test.each([
    ['tessera_operator', gatewayRoles, ['tessera_sampler', 'tessera_searcher']],
    ['tessera_worker', workerRoles, ['tessera_exporter']],
  ] as const)(
    'refuses a login for %s that may not take all of its roles, and names the grant',
    async (role, own, lacking) => {
      const login = await openWith(own.filter((one) => !(lacking as readonly string[]).includes(one)));
      const names = lacking.join(', ');
      expect(await refusal(login, role)).toMatch(
        new RegExp(`may not take ${names}, in which it works\\. Run "grant ${names} to check_\\w+"`),
      );
      await db.owner.query(`grant ${names} to ${made.at(-1)} with inherit false`);
      expect(await refusal(login, role)).toBe('served');
    },
  );

  test('refuses what a login of another name owns or was granted itself, as it does tessera_gateway', async () => {
    const owning = await openAs('noinherit', 'with inherit false');
    const login = made.at(-1);
    await db.owner.query(`create table public.of_login (id int); alter table public.of_login owner to ${login}`);
    expect(await refusal(owning)).toContain(`${login} owns something in this database`);
    await db.owner.query(`drop table public.of_login; grant select on tessera.documents to ${login}`);
    expect(await refusal(owning)).toContain('documents: granted to a login');
    await db.owner.query(`revoke select on tessera.documents from ${login}`);
    expect(await refusal(owning)).toBe('served');
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
      'alter policy was on tessera.documents to tessera_reader, tessera_searcher, tessera_lister, tessera_author; alter policy was on tessera.documents rename to reader_reads',
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
      [`tessera.subject = 'ann'`, 'every connection has a subject before a scope gives it one'],
      [`tessera.groups = '["staff"]'`, 'every connection has groups before a scope gives it one'],
      [`tessera.key_id = 'key'`, "every connection has a key's id before a scope gives it one (tessera.key_id is set"],
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
    const leaky = (setting: string) => ({
      ...rest,
      pool: {
        query: pool.query.bind(pool),
        connect: async () => {
          const client = await pool.connect();
          const rewrite = (text: string) => text.replaceAll(`set local ${setting}`, `set ${setting}`);
          return {
            query: (text: string, values?: unknown[]) => client.query(rewrite(text), values),
            release: () => client.release(true),
          };
        },
      } as unknown as Database['pool'],
    });
    expect(await refusal(leaky(''))).toContain('a scope outlives its transaction: after "commit"');
    const scope = { ...adminScope(principalOf('alpha')), actor: {}, settings: everySetting };
    const names = [...scopeStatement(scope, rest.scopeDefaults).matchAll(/set local ([\w.]+) =/g)].map(
      ([, name]) => name,
    );
    expect(names).toHaveLength(14);
    for (const name of names) {
      expect(await refusal(leaky(`${name} =`))).toMatch(
        new RegExp(
          `a scope outlives its transaction: after "commit" the connection still has its ${name}\\. .* reset ${name}"`,
        ),
      );
    }
  });
});
