import type { Compilable, CompiledQuery } from 'kysely';
import type { AnnounceChange } from './announce-changes.ts';
import { cancelRunning } from './cancel-running.ts';
import { type BinaryRow, copyBinary } from './copy-binary.ts';
import { type Connections, fly } from './flight.ts';
import type { Query } from './query.ts';
import { type Scope, scopeStatement } from './scope.ts';
import { commitError, databaseError, isOvertaken } from './sqlstate.ts';
import { takeConnection } from './take-connection.ts';

/** A pool of connections together with what every scope on it has in common. */
export interface Database extends Connections {
  /** How reads travel, where not each by itself; see `shareFlights`. */
  readonly read?: ReadStatements;
  /** Called after a commit that changed what a tenant's searches find, or whether it may search; absent where nobody listens. */
  readonly announceChange?: AnnounceChange;
  close(): Promise<void>;
}

/** Runs compiled read-only statements inside one scope. */
export type ReadStatements = (scope: Scope, queries: readonly Query[]) => Promise<unknown[][]>;

/** A statement that knows the type of its rows; every Kysely query builder is one. */
export type Statement<Row> = Compilable<Row>;

type Rows<Statements extends readonly Statement<unknown>[]> = {
  [Index in keyof Statements]: Statements[Index] extends Statement<infer Row> ? Row[] : never;
};

/**
 * Runs read-only statements inside one scope, in one flight.
 * @returns the rows of each statement.
 * @throws {Refusal} `DATABASE_UNAVAILABLE` or `STATEMENT_TIMEOUT`; any other failure of a statement as `pg` reports it.
 */
export async function readInFlight<const Statements extends readonly Statement<unknown>[]>(
  database: Database,
  scope: Scope,
  statements: Statements,
): Promise<Rows<Statements>> {
  const queries = statements.map((statement) => statement.compile());
  const rows = database.read ? await database.read(scope, queries) : await readAlone(database, scope, queries);
  return rows as Rows<Statements>;
}

async function readAlone(on: Connections, { settings, ...scope }: Scope, queries: readonly Query[]) {
  const [answer] = await fly(on, scope, [{ settings, queries }]);
  if (answer && 'rows' in answer) return answer.rows;
  throw answer?.error;
}

/** Sends statements inside an open scope, each awaited. */
export type Execute = <Row>(statement: Statement<Row> | CompiledQuery<Row>) => Promise<Row[]>;

/**
 * Copies rows into a table inside an open scope: one that has no row-level security, such as a temporary one. Not on a
 * pipelined connection, nor in the embedded database.
 * @param target table and columns, such as `pg_temp.t (a, b)`.
 */
export type Copy = (target: string, rows: Iterable<BinaryRow>) => Promise<void>;

/** How often a transaction is tried that others overtake. Each time at least one of them gets through. */
const mostTries = 5;

/**
 * Runs work inside one scope and one transaction: committed when the work resolves, rolled back when it rejects. Where
 * another transaction overtook it, all of it is run again, so the work must have no effects outside its transaction.
 * The work must not open another scope: the embedded database has one connection, and it would wait for itself.
 * @throws what the work throws, {@link readInFlight}'s refusals, and `OUTCOME_UNKNOWN` where the commit was not answered.
 */
export async function transact<Result>(
  database: Database,
  scope: Scope,
  work: (execute: Execute, copy: Copy) => Promise<Result>,
): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await transactOnce(database, scope, work);
    } catch (error) {
      if (tries === mostTries || !isOvertaken(error)) throw databaseError(error);
    }
  }
}

async function transactOnce<Result>(
  database: Database,
  scope: Scope,
  work: (execute: Execute, copy: Copy) => Promise<Result>,
): Promise<Result> {
  const { signal } = database;
  signal?.throwIfAborted();
  const { client, release } = await takeConnection(database, scope);
  const cancel = () => cancelRunning(client);
  if (database.pipelined) signal?.addEventListener('abort', cancel, { once: true });
  const openedAtMs = performance.now();
  let statements = 0;
  const execute: Execute = async (statement) => {
    statements++;
    const query = 'compile' in statement ? statement.compile() : statement;
    return (await client.query(query.sql, [...query.parameters])).rows;
  };
  let broken = true;
  try {
    await client.query(`begin; ${scopeStatement(scope, database.scopeDefaults)}`);
    const result = await work(execute, (target, rows) => copyBinary(client, target, rows));
    const closing = await client.query('commit').catch((error: unknown) => {
      throw commitError(error);
    });
    broken = false;
    // PostgreSQL answers the commit of a transaction in which a statement failed with a rollback, not with an error.
    if (closing.command !== 'COMMIT') {
      throw new Error('The transaction was rolled back: a statement failed, and the work went on as if it had not.');
    }
    return result;
  } catch (error) {
    const rolledBack = await client.query('rollback').then(
      () => true,
      () => false,
    );
    broken = !rolledBack;
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    release(broken || signal?.aborted);
    database.watch?.onFlight('write', statements, performance.now() - openedAtMs);
  }
}
