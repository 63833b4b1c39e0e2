import pg from 'pg';
import { Refusal, StartupError } from '../errors.ts';
import { accessFix, isHole, readAccessFaults } from './access-faults.ts';
import { readCanaryFaults } from './canary.ts';
import type { Database } from './database.ts';
import { type LoginFault, readLackingRoles, readLoginFaults, type ServingRole } from './login-faults.ts';
import { isAtLeast } from './migrate.ts';
import { readMigrations } from './migration-files.ts';
import { readPolicyFaults } from './policy-faults.ts';
import { readApplied, requireCurrentSchema } from './schema-version.ts';
import type { ScopeRole } from './scope.ts';
import { readScopeLeaks } from './scope-leak.ts';
import { databaseError } from './sqlstate.ts';

/** Since this version the known faults of vacuuming HNSW indexes are mended. */
const soundVector = [0, 8, 4];
/** SQLSTATE of `set role` with a role that does not exist. */
const unknownRole = '22023';

/** A server that may be served from, and what was noticed about it. */
export interface CheckedServer {
  readonly database: Database;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
}

/** Who connects: a login that serves tenants, which nothing but its scope may let in, or the owner of the schema. */
export type LoginKind = 'tenants' | 'owner';

/** Faults that are told at once; whoever mends these sees the rest at the next start. */
const mostFaults = 5;

/**
 * Looks at a server before anything is served from it.
 * @param role that the login takes for its work.
 * @returns the database, with scopes that find pgvector in whatever schema it was installed.
 * @throws {StartupError} when the server cannot be reached, its schema is not this program's, the login may not take
 *   one of its roles, may take one that is not for it or is held by no policy, a table is not locked, a policy is not as the
 *   migrations made it, a tenant sees the canary of another, or settings outlive
 *   their transaction; the message says what to do.
 */
export async function checkServer(
  database: Database,
  role: ServingRole,
  login: LoginKind = 'tenants',
): Promise<CheckedServer> {
  requireCurrentSchema(await readMigrations(), await readAs(database, role, readApplied));
  const { schema: vectorSchema, warnings } = await inspectVector(database.pool);
  const checked = { ...database, scopeDefaults: { ...database.scopeDefaults, vectorSchema } };
  if (login === 'tenants') {
    refuseFaults(await readServingFaults(checked, role));
    await requireRoles(checked, role);
  }
  return { database: checked, warnings };
}

/** Why tenants cannot be served over this database's connections. */
async function readServingFaults(database: Database, role: ServingRole): Promise<LoginFault[]> {
  const onLogin = await readLoginFaults(database.pool, role);
  const onTables = await readAs(database, role, readAccessFaults);
  const onPolicies = await readAs(database, role, readPolicyFaults);
  const leaks = await readScopeLeaks(database, role);
  // A login that cannot be held to a role sees nothing in it that would say anything.
  const canaries = onLogin.length === 0 && leaks.length === 0 ? await readCanaryFaults(database) : [];
  const holes = onTables.filter(isHole).map((hole) => ({ fault: hole.fault, fix: accessFix(hole) }));
  return [...onLogin, ...leaks, ...canaries, ...holes, ...onPolicies];
}

async function requireRoles(database: Database, role: ServingRole): Promise<void> {
  const lacking = await readLackingRoles(database.pool, role);
  const [first] = lacking;
  if (!first) return;
  const names = lacking.map((one) => one.role).join(', ');
  throw new StartupError(
    `The login ${first.login} may not take ${names}, in which it works. Run "grant ${names} to ${first.login}" as the owner of the schema, or connect as the login that "tessera migrate" created for it.`,
  );
}

function refuseFaults(faults: readonly LoginFault[]): void {
  if (faults.length === 0) return;
  const lines = faults.slice(0, mostFaults).map(({ fault, fix }) => `\n  ${fault}. ${fix}`);
  const rest =
    faults.length > mostFaults ? `\n  and ${faults.length - mostFaults} more; "tessera doctor" lists all.` : '';
  throw new StartupError(
    `Tenants would not be kept apart on this database, so it is not served:${lines.join('')}${rest}`,
  );
}

/** Where pgvector is, and what an operator should know about its version. */
export async function inspectVector(connection: Pick<pg.ClientBase, 'query'>) {
  const { rows } = await connection.query<{ version: string; schema: string }>(`
    select e.extversion as version, n.nspname as schema
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`);
  const { version = '0', schema = 'public' } = rows[0] ?? {};
  const warnings = isAtLeast(version, soundVector)
    ? []
    : [`pgvector ${version} has known faults in vacuuming HNSW indexes; 0.8.4 or newer is advised`];
  return { schema, warnings };
}

/**
 * Reads something of the catalog in a role, in a transaction of its own.
 * @returns the rows; none where the role does not exist.
 * @throws {StartupError} when the server cannot be reached or the login may not take the role.
 */
export async function readAs<Row>(
  database: Database,
  role: ScopeRole,
  read: (client: pg.ClientBase) => Promise<Row[]>,
): Promise<Row[]> {
  try {
    const client = await database.pool.connect();
    try {
      await client.query(`begin read only; set local role ${role}`);
      return await read(client);
    } finally {
      await client.query('rollback').catch(() => {});
      client.release();
    }
  } catch (cause) {
    const error = databaseError(cause);
    if (error instanceof pg.DatabaseError && error.code === unknownRole) return [];
    if (error instanceof Refusal) {
      const reason = reasonOf(cause);
      // PgBouncer's words, when it does not keep the statements of a transaction together.
      const remedy = reason.includes('statement pooling mode')
        ? 'Set the pooler between the gateway and PostgreSQL to pool transactions or sessions, not statements.'
        : 'Check the connection URL and that the server runs.';
      throw new StartupError(`The database cannot be reached: ${reason}. ${remedy}`, { cause });
    }
    throw new StartupError(
      `The database does not let this login work as ${role}: ${reasonOf(cause)}. Connect as the login that "tessera migrate" created for it.`,
      { cause },
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
