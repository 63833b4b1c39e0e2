import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { readMigrations } from '../../src/db/migration-files.ts';

/** The PostgreSQL server of one test run, as test files see it. */
export interface TestServer {
  readonly kind: 'server';
  /** A superuser's URL; other roles and databases are derived from it. */
  readonly superuserUrl: string;
  /** Migrated once; every test file clones it. */
  readonly template: string;
  /** Head of the names of all databases of this run, which the end of the run drops. */
  readonly databasePrefix: string;
}

/** No server: every test file has an embedded database of its own. */
interface NoTestServer {
  readonly kind: 'embedded';
}

declare module 'vitest' {
  interface ProvidedContext {
    testServer: TestServer | NoTestServer;
  }
}

/** Owns the schema in tests: no superuser, so ownership and forced row-level security are as in production. */
export const ownerRole = 'tessera_owner';
/** The logins of the harness. All have {@link testPassword}: runs in parallel share a server's roles. */
const loginRoles = [ownerRole, 'tessera_gateway', 'tessera_worker_login'] as const;
export type LoginRole = (typeof loginRoles)[number];
const testPassword = 'tessera-test-only';

/** The URL with another role (and its test password) or another database. */
export function urlAs(url: string, change: { readonly role?: LoginRole; readonly database?: string }): string {
  const changed = new URL(url);
  if (change.role) {
    changed.username = change.role;
    changed.password = testPassword;
  }
  if (change.database) changed.pathname = `/${change.database}`;
  return changed.href;
}

/** Runs work on one connection of its own. */
async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Prepares a server for a run: the owner's role, a migrated template database, passwords for the logins.
 * @throws when the URL is not a superuser's, or the server's Tessera logins are somebody's who works with them.
 */
export async function prepareServer(superuserUrl: string): Promise<TestServer> {
  const run = randomBytes(4).toString('hex');
  const server: TestServer = {
    kind: 'server',
    superuserUrl,
    template: `tessera_template_${run}`,
    databasePrefix: `tessera_test_${run}_`,
  };
  await withClient(superuserUrl, async (superuser) => {
    const { rows } = await superuser.query<{ super: boolean }>(
      `select rolsuper as super from pg_roles where rolname = current_user`,
    );
    if (!rows[0]?.super) {
      throw new Error('TEST_DATABASE_URL must be the URL of a superuser: tests create roles and read past policies.');
    }
    // Roles belong to the server: runs that share one prepare it in turn. The lock ends with the connection.
    await superuser.query(`select pg_advisory_lock(hashtext('tessera tests'))`);
    await createOwner(superuser);
    await createTemplate(server).catch(async (error: unknown) => {
      await cleanServer(server);
      throw error;
    });
  });
  return server;
}

async function createTemplate(server: TestServer): Promise<void> {
  await createDatabase(server, server.template);
  await withClient(urlAs(server.superuserUrl, { role: ownerRole, database: server.template }), async (owner) => {
    await migrate(owner, await readMigrations());
  });
  await withClient(server.superuserUrl, async (superuser) => {
    for (const role of loginRoles) await givePassword(superuser, server.superuserUrl, role);
  });
}

/** Drops what the run left behind. */
export async function cleanServer(server: TestServer): Promise<void> {
  await withClient(server.superuserUrl, async (superuser) => {
    const { rows } = await superuser.query<{ name: string }>(
      `select datname as name from pg_database where datname = $1 or starts_with(datname, $2)`,
      [server.template, server.databasePrefix],
    );
    for (const { name } of rows) await superuser.query(`drop database if exists ${name} with (force)`);
  });
}

/** Creates a database of the owner's with pgvector in it, not migrated. */
export async function createDatabase(server: TestServer, name: string): Promise<void> {
  await withClient(server.superuserUrl, (superuser) => superuser.query(`create database ${name} owner ${ownerRole}`));
  await withClient(urlAs(server.superuserUrl, { database: name }), (superuser) =>
    superuser.query('create extension vector'),
  );
}

/** Clones the template. */
export async function cloneTemplate(server: TestServer, name: string): Promise<void> {
  await withClient(server.superuserUrl, (superuser) =>
    superuser.query(`create database ${name} template ${server.template} owner ${ownerRole}`),
  );
}

export async function dropDatabase(server: TestServer, name: string): Promise<void> {
  await withClient(server.superuserUrl, (superuser) => superuser.query(`drop database if exists ${name} with (force)`));
}

/** The roles that migrations create may be there already, made by another owner; only their admin may grant them. */
async function createOwner(superuser: pg.Client): Promise<void> {
  await superuser.query(`
    do $$
    declare
      existing text;
    begin
      begin
        create role ${ownerRole} login createrole createdb password '${testPassword}';
      exception when duplicate_object or unique_violation then null;
      end;
      for existing in
        select rolname from pg_roles
        where rolname in ('tessera_reader', 'tessera_searcher', 'tessera_lister', 'tessera_author', 'tessera_caller', 'tessera_tenant', 'tessera_admin', 'tessera_gate', 'tessera_worker', 'tessera_operator', 'tessera_keyword', 'tessera_counter', 'tessera_gatekeeper', 'tessera_audience', 'tessera_eraser', 'tessera_exporter', 'tessera_sampler', 'tessera_watcher', 'tessera_attacher',
          'tessera_gateway', 'tessera_worker_login')
      loop
        execute format('grant %I to ${ownerRole} with admin option', existing);
      end loop;
    end $$`);
}

/** A login that already has another password serves somebody: then the server is not one for tests. */
async function givePassword(superuser: pg.Client, superuserUrl: string, role: LoginRole): Promise<void> {
  const accepted = await withClient(urlAs(superuserUrl, { role }), async () => true).catch(() => false);
  if (accepted) return;
  const { rows } = await superuser.query<{ used: boolean }>(
    'select rolpassword is not null as used from pg_authid where rolname = $1',
    [role],
  );
  if (rows[0]?.used) {
    throw new Error(
      `The role ${role} of the test server has a password that is not the tests': is it a server in use? ` +
        `Name another in TEST_DATABASE_URL, or run "alter role ${role} password null" there.`,
    );
  }
  await superuser.query(`alter role ${role} password '${testPassword}'`);
}
