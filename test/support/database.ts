import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { describe, inject } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { openEmbedded } from '../../src/db/open-embedded.ts';
import { openPool } from '../../src/db/open-pool.ts';
import { cloneTemplate, createDatabase, dropDatabase, ownerRole, type TestServer, urlAs } from './server.ts';

/** URLs of one database for each of its logins. */
interface DatabaseUrls {
  readonly gateway: string;
  readonly worker: string;
  /** The schema's owner, who is no superuser. */
  readonly owner: string;
  readonly superuser: string;
}

/** A superuser's connections, for seeding, for the catalog and for looking past the policies. */
export type Superuser = Pick<pg.Pool, 'query'>;

/** A database of one test file. */
export interface TestDatabase {
  readonly kind: 'server' | 'embedded';
  /** As the gateway's login; what `serve` works with. */
  readonly database: Database;
  /** As the worker's login. The embedded database has one session, so there it is {@link database} again. */
  readonly worker: Database;
  readonly owner: Superuser;
  /** Does something as a superuser, in one transaction, and takes it back. */
  whatIf<Result>(work: (superuser: Superuser) => Promise<Result>): Promise<Result>;
  /** Only on a server: reading it from an embedded database throws. */
  readonly urls: DatabaseUrls;
  /** Closes the pools and drops the database. */
  close(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Connections of each pool at most. */
  readonly poolSize?: number;
  readonly statementTimeoutMs?: number;
}

/** What this run's tests have: a server, or an embedded database for each file. */
const testServer = inject('testServer');

/** A group of tests that need a real server: several connections, another login, or an HNSW index. */
export const describeServer = describe.skipIf(testServer.kind === 'embedded');

/** Opens a migrated database for one test file. Close it in `afterAll`. */
export function openTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { poolSize = 4, statementTimeoutMs = 20_000 } = options;
  return testServer.kind === 'server'
    ? openOnServer(testServer, poolSize, statementTimeoutMs)
    : openInProcess(statementTimeoutMs);
}

async function openOnServer(server: TestServer, poolSize: number, statementTimeoutMs: number): Promise<TestDatabase> {
  const name = newDatabaseName(server);
  await cloneTemplate(server, name);
  const urls = urlsOf(server, name);
  // No turns are taken here: tests of what happens when two of a tenant's writes meet need both at once.
  const options = { size: poolSize, share: poolSize, statementTimeoutMs, onIdleError: () => {} };
  const database = await openPool({ ...options, url: urls.gateway });
  const worker = await openPool({ ...options, url: urls.worker });
  const owner = superuserPool(urls.superuser);
  return {
    kind: 'server',
    database,
    worker,
    owner,
    whatIf: (work) => rollingBack(owner, work),
    urls,
    close: async () => {
      await Promise.all([database.close(), worker.close(), owner.end()]);
      await dropDatabase(server, name);
    },
  };
}

async function openInProcess(statementTimeoutMs: number): Promise<TestDatabase> {
  const database = await openEmbedded({ statementTimeoutMs });
  return {
    kind: 'embedded',
    database,
    worker: database,
    owner: embeddedSuperuser(database.pool),
    whatIf: (work) => asEmbeddedSuperuser(database.pool, (client) => inTransaction(client, work)),
    get urls(): DatabaseUrls {
      throw new Error('An embedded database has no URL: put this test into describeServer().');
    },
    close: () => database.close(),
  };
}

/** A database with pgvector and nothing else in it, for tests of the migrations. Only on a server. */
export interface EmptyDatabase {
  readonly urls: DatabaseUrls;
  close(): Promise<void>;
}

export async function openEmptyDatabase(): Promise<EmptyDatabase> {
  const server = requireServer();
  const name = newDatabaseName(server);
  await createDatabase(server, name);
  return { urls: urlsOf(server, name), close: () => dropDatabase(server, name) };
}

function requireServer(): TestServer {
  if (testServer.kind === 'embedded') throw new Error('This test needs a server: put it into describeServer().');
  return testServer;
}

function newDatabaseName(server: TestServer): string {
  return `${server.databasePrefix}${randomBytes(6).toString('hex')}`;
}

function urlsOf(server: TestServer, database: string): DatabaseUrls {
  return {
    gateway: urlAs(server.superuserUrl, { role: 'tessera_gateway', database }),
    worker: urlAs(server.superuserUrl, { role: 'tessera_worker_login', database }),
    owner: urlAs(server.superuserUrl, { role: ownerRole, database }),
    superuser: urlAs(server.superuserUrl, { database }),
  };
}

/** A superuser reads and writes past every policy; the search path is the scope's, so that seeds read like statements. */
function superuserPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2, options: '-c search_path=tessera,public' });
  pool.on('error', () => {});
  return pool;
}

/** Takes the one session of an embedded database back for a moment. */
async function asEmbeddedSuperuser<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('set session authorization postgres; set search_path = tessera, public');
    return await work(client);
  } finally {
    await client.query('reset search_path; set session authorization tessera_embedded');
    client.release();
  }
}

function embeddedSuperuser(pool: pg.Pool): Superuser {
  const query = (...args: Parameters<pg.PoolClient['query']>) =>
    asEmbeddedSuperuser(pool, async (client) => client.query(...args));
  return { query: query as unknown as pg.Pool['query'] };
}

async function rollingBack<Result>(pool: pg.Pool, work: (superuser: Superuser) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  try {
    return await inTransaction(client, work);
  } finally {
    client.release();
  }
}

async function inTransaction<Result>(
  client: pg.PoolClient,
  work: (superuser: Superuser) => Promise<Result>,
): Promise<Result> {
  await client.query('begin');
  try {
    return await work(client as Superuser);
  } finally {
    await client.query('rollback');
  }
}
